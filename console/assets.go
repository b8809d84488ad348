package console

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"

	"perennial/journey/graph"
)

//go:embed static
var staticFiles embed.FS

// assets are our own files: the stylesheet, htmx, the icon. Their addresses carry their hash, so that browsers keep them.
type assets map[string]asset

type asset struct {
	kind, hash string
	bytes      []byte
}

func readAssets() (assets, error) {
	entries, err := fs.ReadDir(staticFiles, "static")
	if err != nil {
		return nil, err
	}
	out := assets{}
	for _, e := range entries {
		raw, err := staticFiles.ReadFile("static/" + e.Name())
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(raw)
		kind := mime.TypeByExtension(path.Ext(e.Name()))
		if kind == "" {
			kind = "text/plain; charset=utf-8"
		}
		out[e.Name()] = asset{kind: kind, hash: hex.EncodeToString(sum[:6]), bytes: raw}
	}
	sum := sha256.Sum256([]byte(graph.Style))
	out["graph.css"] = asset{kind: "text/css; charset=utf-8", hash: hex.EncodeToString(sum[:6]), bytes: []byte(graph.Style)}
	return out, nil
}

// address is the path of a file, with its hash.
func (a assets) address(name string) string { return "/static/" + name + "?" + a[name].hash }

func (a assets) serve(w http.ResponseWriter, r *http.Request) {
	file, known := a[r.PathValue("file")]
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	if !known {
		h.Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(http.StatusNotFound)
		return
	}
	h.Set("Content-Type", file.kind)
	if r.URL.RawQuery == file.hash {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox")
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(file.bytes)
}
