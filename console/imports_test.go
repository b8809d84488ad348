package console_test

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/intake"
	"perennial/journey"
)

const crowd = "E-Mail;Kundennummer;Punkte;topic:offers\nada@example.com;u1;12;ja\nnobody;u2;7;ja\ngrace@example.com;u3;8;\n"

// sendSheet posts the form with a file at its end, as a browser does.
func (v *visitor) sendSheet(name, text string, fields ...string) seen {
	v.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for i := 0; i+1 < len(fields); i += 2 {
		require.NoError(v.t, w.WriteField(fields[i], fields[i+1]))
	}
	part, err := w.CreateFormFile("file", name)
	require.NoError(v.t, err)
	_, err = part.Write([]byte(text))
	require.NoError(v.t, err)
	require.NoError(v.t, w.Close())
	return v.do(http.MethodPost, "/imports", body.String(), "Content-Type", w.FormDataContentType())
}

// bringIn applies imports to their end.
func (o *office) bringIn() {
	o.t.Helper()
	for busy := true; busy; {
		var err error
		_, busy, err = o.store.ApplyImport(o.t.Context(), intake.Profile, 1000)
		require.NoError(o.t, err)
	}
}

func TestAFileOfCustomersIsCheckedAndThenBroughtIn(t *testing.T) {
	t.Parallel()
	o := open(t)
	v := o.as(journey.RoleMarketer)
	assert.Contains(t, v.get("/customers").body, `href="/imports"`)
	assert.NotContains(t, o.as(journey.RoleSupport).get("/customers").body, `href="/imports"`)
	assert.Contains(t, v.get("/imports").body, "No file yet")

	refused := v.sendSheet("crowd.csv", crowd, "source", "fair in Graz", "columns", "points:number=Punkte\r\n")
	assert.Equal(t, http.StatusUnprocessableEntity, refused.status)
	assert.Contains(t, refused.body, "topic:offers holds consents, and nothing says to what words")
	assert.Contains(t, refused.body, `value="fair in Graz"`, "what was typed stays")
	assert.Contains(t, refused.body, "points:number=Punkte")
	assert.Contains(t, v.sendSheet("", "").body, "no file was chosen")
	assert.Equal(t, http.StatusUnsupportedMediaType, v.sendSheet("crowd.xlsx", "PK\x03\x04").status)
	assert.Contains(t, v.sendSheet("long.csv", "email\n\""+strings.Repeat("x", 10<<20)).body, "the line after line 1 does not end within 64 KiB")
	assert.Equal(t, http.StatusBadRequest, v.sendSheet("crowd.csv", crowd, "source", "\xff").status)
	assert.Zero(t, one[int](o, `SELECT count(*) FROM imports WHERE state <> 'uploading'`))

	sent := v.sendSheet("crowd.csv", crowd, "source", "fair in Graz", "wording", "Yes, write to me", "columns", "points:number=Punkte\r\n\r\n")
	require.Equal(t, http.StatusSeeOther, sent.status, sent.body)
	id := one[string](o, `SELECT id FROM imports WHERE state = 'checked'`)
	page := v.get("/imports/" + id).body
	for _, says := range []string{"crowd.csv", "nothing has happened yet", "consent to offers", "Bring in 2 lines", "email is no email that can be used", "nobody · u2 · 7 · ja"} {
		assert.Contains(t, page, says)
	}
	assert.Zero(t, one[int](o, `SELECT count(*) FROM events`), "it was checked and nothing more")
	assert.Contains(t, v.get("/imports/"+id+"/refused.csv").body, "\n3,email is no email that can be used,nobody,u2,7,ja\n")

	assert.Contains(t, v.follow("/imports/"+id+"/start", nil).body, "0 of 2 lines")
	o.bringIn()
	page = v.get("/imports/" + id).body
	assert.Contains(t, page, "Everybody is in")
	assert.NotContains(t, page, "hx-trigger", "it asks no more")
	assert.Equal(t, http.StatusConflict, v.post("/imports/"+id+"/stop", nil).status)
	assert.Equal(t, "u1 u3", one[string](o, `SELECT string_agg(external_id, ' ' ORDER BY external_id) FROM customers WHERE external_id <> ''`))
	assert.Contains(t, v.get("/imports").body, "3 lines")
}

func TestAFileOfCustomersInABrowser(t *testing.T) {
	t.Parallel()
	o := open(t)
	w := o.browser()
	w.signIn(journey.RoleMarketer)
	w.looks(1280, "light")
	var long strings.Builder
	long.WriteString("E-Mail;Kundennummer;Punkte\n")
	for n := range 20_000 {
		fmt.Fprintf(&long, "person%d@example.com;u%d;%d\n", n, n, n%100)
	}
	file, twice := filepath.Join(t.TempDir(), "crowd.csv"), filepath.Join(t.TempDir(), "twice.csv")
	require.NoError(t, os.WriteFile(file, []byte(long.String()), 0o600))
	require.NoError(t, os.WriteFile(twice, []byte("email,email\n"+strings.Repeat("ada@example.com,x\n", 100_000)), 0o600))
	w.open("/imports")
	w.do(chromedp.SetUploadFiles(`input[type=file]`, []string{twice}), chromedp.Click(`#import button.main`))
	w.eventually(`document.querySelector('main').innerText.includes('two columns are named email')`)
	w.around("imports", "/imports")
	w.looks(1280, "light")
	w.open("/imports")
	w.do(chromedp.SetUploadFiles(`input[type=file]`, []string{file}), chromedp.Click(`#import button.main`))
	w.eventually(`location.pathname.startsWith('/imports/') && document.querySelector('main').innerText.includes('Bring in 20,000 lines')`)
	path := ask[string](w, `location.pathname`)
	w.around("import checked", path)
	w.looks(1280, "light")
	w.open(path)
	w.do(chromedp.Click(`.tools button.main`))
	w.eventually(`document.querySelector('progress') && document.querySelector('main').innerText.includes('0 of 20,000 lines')`)
	w.accessible("an import that is being applied")
	o.bringIn()
	w.eventually(`document.querySelector('#results').innerText.includes('Everybody is in')`)
	w.around("import done", path)
}
