package console

import "perennial/journey"

// Path is one path of the console and who may open it; nobody in Who: everybody, signed in or not.
type Path struct {
	Method, Path string
	Who          []journey.Role
}

// Paths lists every path, for those who check them all.
func Paths() []Path {
	var out []Path
	for _, r := range routes() {
		out = append(out, Path{r.method, r.path, r.who})
	}
	return out
}
