//go:build !failpoints

package point

// Hit is nothing: the compiler leaves it out.
func Hit(Name) {}
