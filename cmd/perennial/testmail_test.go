package main

import (
	"io"
	"net/mail"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jhillyerd/enmime/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
	smtp "perennial/mail"
	"perennial/templates"
)

var ourBrand = journey.Brand{Name: "Oak & Linen", From: "Mara <mara@oak.example>", ReplyTo: "help@oak.example", Address: "Mill Lane 12, Linz",
	PublicURL: "https://mail.oak.example", Zone: time.UTC}

// Whatever ships with the program can be tested: each message is marked, and nothing in it leads anywhere.
func TestTestMailsOfTheLibraryAreInert(t *testing.T) {
	t.Parallel()
	link := regexp.MustCompile(`(?i)href="(https?://[^"]*)"`)
	coupons := 0
	for _, folder := range library() {
		key := filepath.Base(folder)
		files, err := templates.Load(os.DirFS(filepath.Dir(folder)), key)
		require.NoError(t, err)
		v := journey.Version{Key: key, Source: files[journeyFile], Files: files}
		mails, err := writeTests(ourBrand, smtp.Compose)(v, journey.TestRequest{To: []string{"ann@example.com", "bob@example.com"}, At: time.Unix(1.8e9, 0)})
		require.NoError(t, err, key)
		require.NotEmpty(t, mails, key)
		for _, m := range mails {
			read, err := enmime.ReadEnvelope(strings.NewReader(string(m.Bytes)))
			require.NoError(t, err)
			assert.True(t, strings.HasPrefix(read.GetHeader("Subject"), "[Test] "), read.GetHeader("Subject"))
			assert.Equal(t, key+"/"+m.Template, read.GetHeader("X-Perennial-Test"))
			assert.Equal(t, "<"+m.MessageID+">", read.GetHeader("Message-ID"))
			assert.Contains(t, read.GetHeader("To"), m.Address)
			if unsubscribe := read.GetHeader("List-Unsubscribe"); unsubscribe != "" {
				assert.Equal(t, "<https://mail.oak.example/test-link>", unsubscribe)
			}
			for _, found := range link.FindAllStringSubmatch(read.HTML, -1) {
				assert.True(t, strings.HasPrefix(found[1], "https://mail.oak.example/test-link"), "%s/%s: %s", key, m.Template, found[1])
			}
			for _, found := range webAddress.FindAllString(read.Text, -1) {
				assert.Equal(t, "https://mail.oak.example/test-link", found, m.Template)
			}
			coupons += strings.Count(read.Text, journey.TestCode)
			assert.NotContains(t, read.Text, "LINEN-7KQ4")
		}
	}
	assert.Positive(t, coupons)
}

func TestTestMailsShowACustomerAndNameWhatCannotBeWritten(t *testing.T) {
	t.Parallel()
	v := journey.Version{Key: "hello", Source: `journey: hello
name: Hello
topic: offers
topics: { offers: { name: Offers } }
enter: { when: api }
steps:
  - send: { message: hello, from: Kim <kim@oak.example> }
  - send: { message: receipt, topic: transactional }
`, Files: map[string]string{
		"hello.html":   "---\nsubject: Hello {{ customer.first_name }}\n---\n<p><a href=https://oak.example/sale>Sale</a></p><map name=m><area href='https://oak.example/f'></map>",
		"receipt.html": "---\nsubject: Receipt\n---\n<p>Thank you</p>",
	}}
	ada := &journey.Customer{ID: "cus_ada", FirstName: "Ada", Email: "ada@example.com"}
	mails, err := writeTests(ourBrand, smtp.Compose)(v, journey.TestRequest{To: []string{"ann@example.com"}, Customer: ada, At: time.Unix(1.8e9, 0)})
	require.NoError(t, err)
	require.Len(t, mails, 2)
	assert.Equal(t, "[Test] Hello Ada", mails[0].Subject)
	read, err := mail.ReadMessage(strings.NewReader(string(mails[0].Bytes)))
	require.NoError(t, err)
	assert.Equal(t, "ann@example.com", strings.Trim(read.Header.Get("To"), "<>"))
	assert.Contains(t, read.Header.Get("From"), "kim@oak.example")
	assert.NotEmpty(t, read.Header.Get("List-Unsubscribe"))
	body, err := io.ReadAll(read.Body)
	require.NoError(t, err)
	assert.NotContains(t, string(body), "oak.example/sale")
	assert.NotContains(t, string(body), "oak.example/f")
	assert.NotContains(t, string(mails[1].Bytes), "List-Unsubscribe", "a receipt has none")

	v.Source = strings.Replace(v.Source, "send: {", "sned: {", 1)
	_, err = writeTests(ourBrand, smtp.Compose)(v, journey.TestRequest{To: []string{"ann@example.com"}})
	assert.Equal(t, journey.CodeInvalid, journey.CodeOf(err))
}

// A message that is being written is seen under our own name, for the sample or for one of ours with what the journey knows of her.
func TestAMessageIsLookedAtAsOurs(t *testing.T) {
	t.Parallel()
	def, _ := journey.Parse(journeyFile, []byte("journey: hello\nname: Hello\ntopic: offers\nenter: { when: api }\nsteps: [ { send: hello } ]\ntopics: { offers: { name: Offers } }\n"))
	files := map[string]string{"hello.html": "---\nsubject: {{ customer.first_name }} {{ trigger.order_id }}\n---\n<p>{{ brand.name }}</p>"}
	sample := lookAt(ourBrand)(def, files, journey.LookRequest{File: "hello.html"})
	require.True(t, sample.Written, "%v", sample.Problems)
	assert.Equal(t, "Nora OL-20417", sample.Subject)
	assert.Contains(t, sample.HTML, "Mill Lane 12, Linz")
	assert.Contains(t, sample.HTML, "https://mail.oak.example/test-link")
	hers := lookAt(ourBrand)(def, files, journey.LookRequest{File: "hello.html", Customer: &journey.Customer{FirstName: "Ada"},
		Been: &journey.State{Trigger: map[string]any{"order_id": "A-1"}}})
	assert.Equal(t, "Ada A-1", hers.Subject)
}
