package api_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"image"
	"image/jpeg"
	"image/png"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/api"
	"perennial/journey"
)

// dot is a whole GIF of one pixel.
var dot = []byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;")

func nameOf(raw []byte, ending string) string {
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:]) + "." + ending
}

func picture(t *testing.T, width, height int) (pngs, jpegs []byte) {
	t.Helper()
	var p, j bytes.Buffer
	i := image.NewGray(image.Rect(0, 0, width, height))
	require.NoError(t, png.Encode(&p, i))
	require.NoError(t, jpeg.Encode(&j, i, nil))
	return p.Bytes(), j.Bytes()
}

func TestImagesAreKeptAndServed(t *testing.T) {
	t.Parallel()
	s := open(t, func(d *api.Deps) { d.Control.Brand.PublicURL = "https://mail.oak.example" })
	pngs, jpegs := picture(t, 600, 200)
	for _, c := range []struct {
		raw          []byte
		ending, kind string
	}{{pngs, "png", "image/png"}, {jpegs, "jpg", "image/jpeg"}, {dot, "gif", "image/gif"}} {
		got := s.call(journey.RoleMarketer, http.MethodPost, `/api/images?title=..%2Fnew%5Chero.bin`, c.raw, "Content-Type", "text/html")
		require.Equal(t, http.StatusCreated, got.status, got.body)
		name := nameOf(c.raw, c.ending)
		assert.Equal(t, name, got.json["name"])
		assert.Equal(t, c.kind, got.json["type"], "its bytes say what it is")
		assert.Equal(t, "hero.bin", got.json["title"])
		assert.Equal(t, "https://mail.oak.example/images/"+name, got.json["url"])
		assert.Equal(t, http.StatusOK, s.call(journey.RoleMarketer, http.MethodPost, "/api/images?title=again", c.raw).status, "the same is the one that is there")

		seen := s.call("", http.MethodGet, "/images/"+name, nil)
		assert.Equal(t, http.StatusOK, seen.status)
		assert.Equal(t, string(c.raw), seen.body)
		assert.Equal(t, c.kind, seen.header.Get("Content-Type"))
		assert.Equal(t, "public, max-age=31536000, immutable", seen.header.Get("Cache-Control"))
		assert.Equal(t, "nosniff", seen.header.Get("X-Content-Type-Options"))
		assert.Contains(t, seen.header.Get("Content-Security-Policy"), "sandbox")
		assert.Equal(t, http.StatusNotModified, s.call("", http.MethodGet, "/images/"+name, nil, "If-None-Match", seen.header.Get("Etag")).status)
		assert.Empty(t, s.call("", http.MethodHead, "/images/"+name, nil).body[:0])
	}
	list := s.must(journey.RoleViewer, http.MethodGet, "/api/images?limit=2", nil)
	require.Len(t, list.json["data"], 2)
	rest := s.must(journey.RoleViewer, http.MethodGet, "/api/images?cursor="+list.json["next"].(string), nil)
	assert.Len(t, rest.json["data"], 1)
	assert.Equal(t, 3, one[int](s, `SELECT count(*) FROM audit WHERE verb = 'image.save'`))
	for _, path := range []string{"/images/none", "/images/" + nameOf(nil, "png"), "/images/..%2f..%2fetc%2fpasswd", "/images/" + strings.ToUpper(nameOf(dot, "gif"))} {
		gone := s.call("", http.MethodGet, path, nil)
		assert.Equal(t, http.StatusNotFound, gone.status, path)
		assert.Equal(t, "no-store", gone.header.Get("Cache-Control"), path)
	}
}

func TestWhatIsNoImageIsRefused(t *testing.T) {
	t.Parallel()
	s := open(t)
	pngs, jpegs := picture(t, 600, 200)
	wide, _ := picture(t, 6001, 1)
	large, _ := picture(t, 5000, 5000)
	for name, c := range map[string]struct {
		raw    []byte
		status int
		says   string
	}{
		"nothing": {nil, 415, "PNG, JPEG, GIF or WebP"}, "a page": {[]byte("<html><script>steal()</script>"), 415, "PNG, JPEG, GIF or WebP"},
		"SVG":         {[]byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>steal()</script></svg>`), 415, "PNG, JPEG, GIF or WebP"},
		"half a WebP": {[]byte("RIFF\x00\x00\x00\x00WEBPVP8 "), 422, "is none"},
		"half":        {pngs[:len(pngs)/2], 422, "to its end"}, "half a photo": {jpegs[:len(jpegs)/2], 422, "to its end"},
		"a head alone": {[]byte("\x89PNG\r\n\x1a\nHello"), 422, "is none"}, "too wide": {wide, 422, "6001 × 1"}, "too many pixels": {large, 422, "5000 × 5000"},
		"too large": {append([]byte("GIF89a"), make([]byte, 1<<20)...), 413, "1024 KiB"},
	} {
		got := s.call(journey.RoleMarketer, http.MethodPost, "/api/images", c.raw)
		assert.Equal(t, c.status, got.status, "%s: %s", name, got.body)
		assert.Contains(t, got.body, c.says, name)
	}
	assert.Zero(t, one[int](s, `SELECT count(*) FROM images`))
}

func TestImagesThatMailsShowStay(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.publish("account", account, accountFiles)
	name := s.must(journey.RoleMarketer, http.MethodPost, "/api/images", dot).json["name"].(string)
	path, message := "/api/images/"+name, "/api/journeys/account/templates/password-changed.html"
	with := `<img src="https://mail.oak.example/images/` + name + `" alt="">`
	was := s.must(journey.RoleMarketer, http.MethodGet, message, nil).body
	s.must(journey.RoleMarketer, http.MethodPut, message, was+with, "Content-Type", "text/html")
	kept := s.call(journey.RoleMarketer, http.MethodDelete, path, nil)
	assert.Equal(t, http.StatusConflict, kept.status)
	assert.Contains(t, kept.body, "account")
	s.must(journey.RoleMarketer, http.MethodPut, message, was, "Content-Type", "text/html")
	assert.Equal(t, http.StatusNoContent, s.call(journey.RoleMarketer, http.MethodDelete, path, nil).status)
	assert.Equal(t, http.StatusNotFound, s.call(journey.RoleMarketer, http.MethodDelete, path, nil).status)
	assert.Equal(t, http.StatusNotFound, s.call("", http.MethodGet, "/images/"+name, nil).status)
}
