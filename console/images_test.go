package console_test

import (
	"bytes"
	"image"
	"image/png"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

func somePNG(t *testing.T) []byte {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, png.Encode(&out, image.NewGray(image.Rect(0, 0, 900, 300))))
	return out.Bytes()
}

// sendFile posts a form with a file, as a browser does.
func (v *visitor) sendFile(path string, fields map[string]string, name string, raw []byte) seen {
	v.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for field, value := range fields {
		require.NoError(v.t, w.WriteField(field, value))
	}
	part, err := w.CreateFormFile("image", name)
	require.NoError(v.t, err)
	_, err = part.Write(raw)
	require.NoError(v.t, err)
	require.NoError(v.t, w.Close())
	return v.do(http.MethodPost, path, body.String(), "Content-Type", w.FormDataContentType())
}

func TestImagesInTheConsole(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.ctl.Brand.PublicURL = "https://mail.oak.example"
	o.play()
	v := o.as(journey.RoleMarketer)
	assert.Contains(t, v.get("/images").body, "No images yet")
	sent := v.sendFile("/images", nil, "hero <b>.png", somePNG(t))
	require.Equal(t, http.StatusSeeOther, sent.status, sent.body)
	page := v.get("/images").body
	assert.Contains(t, page, "hero &lt;b&gt;.png")
	assert.Contains(t, page, "900 × 300")
	name := one[string](o, `SELECT name FROM images`)
	assert.Contains(t, page, "https://mail.oak.example/images/"+name)
	assert.Equal(t, http.StatusOK, o.visitor().get("/images/"+name).status, "mail programs are nobody who signs in")

	text := "---\nsubject: Größe 😀\n---\n<p>One</p>\n<p>Two</p>"
	placed := v.sendFile(comeback+"/images", map[string]string{"text": text, "at": "36"}, "b.png", somePNG(t))
	assert.Equal(t, http.StatusOK, placed.status)
	assert.Contains(t, placed.body, "Größe 😀\n---\n&lt;p&gt;One&lt;/p&gt;\n&lt;img src=&#34;https://mail.oak.example/images/"+name)
	assert.Contains(t, placed.body, `data-changed="true"`)
	assert.Equal(t, 1, one[int](o, `SELECT count(*) FROM images`), "the same picture is one")

	for name, raw := range map[string][]byte{"page.png": []byte("<html>"), "a.svg": []byte("<svg/>")} {
		refused := v.sendFile(comeback+"/images", map[string]string{"text": text}, name, raw)
		assert.Equal(t, http.StatusUnsupportedMediaType, refused.status)
		assert.Contains(t, refused.body, "no image that mail programs show")
		assert.Contains(t, refused.body, "Größe 😀", "what was typed stays")
	}
	assert.Equal(t, http.StatusRequestEntityTooLarge, v.sendFile("/images", nil, "b.png", append(somePNG(t), make([]byte, 1<<20)...)).status)
	assert.Equal(t, http.StatusRequestEntityTooLarge, v.sendFile("/images", nil, "b.png", make([]byte, 3<<20)).status)
	assert.Contains(t, v.post("/images", nil).body, "Choose a file first")
	assert.Contains(t, v.follow("/images/"+name+"/remove", nil).body, "Removed.")
}

func TestImagesInABrowser(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.ctl.Brand.PublicURL = o.url
	o.play()
	w := o.browser()
	w.signIn(journey.RoleMarketer)
	file := filepath.Join(t.TempDir(), "hero.png")
	require.NoError(t, os.WriteFile(file, somePNG(t), 0o600))
	w.looks(1280, "light")
	w.open("/images")
	w.do(chromedp.SetUploadFiles(`input[type=file]`, []string{file}), chromedp.Click(`button.main`))
	w.eventually(`document.querySelector('.pictures img') && document.querySelector('.pictures img').naturalWidth == 900`)
	w.around("images", "/images")
	w.looks(1280, "light")
	w.open(comeback)
	w.do(chromedp.Click(`details.card summary`), chromedp.Click(`.strip button`))
	w.eventually(`document.querySelector('#text').value.includes('<img src="` + o.url + `/images/')`)
	w.eventually(`document.querySelector('.glass iframe') && document.querySelector('#look .sound')`)
	w.accessible("an editor with images")
}
