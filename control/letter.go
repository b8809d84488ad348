package control

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/jhillyerd/enmime/v2"

	"perennial/journey"
)

// Letter is what a mail holds, read from its bytes as they were sent; empty where they are kept no longer.
type Letter struct {
	Headers []Header // by name
	HTML    string
	Text    string
}

// Header is one header field of a mail, as it was sent.
type Header struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// ReadLetter reads a message as it was sent: a mail, or what an endpoint was given.
func ReadLetter(m journey.SentMessage) (Letter, error) {
	l := Letter{Headers: []Header{}}
	if len(m.Bytes) == 0 {
		return l, nil
	}
	if m.Channel != journey.ChannelEmail {
		var h journey.Handover
		err := json.Unmarshal(m.Bytes, &h)
		l.HTML, l.Text = h.Data.HTML, h.Data.Text
		return l, err
	}
	mail, err := enmime.ReadEnvelope(bytes.NewReader(m.Bytes))
	if err != nil {
		return l, err
	}
	names := mail.GetHeaderKeys()
	slices.Sort(names)
	for _, name := range names {
		for _, value := range mail.GetHeaderValues(name) {
			l.Headers = append(l.Headers, Header{name, value})
		}
	}
	l.HTML, l.Text = mail.HTML, mail.Text
	return l, nil
}
