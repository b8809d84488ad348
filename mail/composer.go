package mail

import "perennial/journey"

// Composer composes for one relay. The zero value leaves messages as they are: unsigned, because the relay signs.
type Composer struct {
	Signer   *Signer // nil: the relay signs
	Postmark bool    // the relay is Postmark, which knows a message by its metadata and not by its Message-ID
}

// postmarkValue is how long a value of Postmark's metadata may be, in bytes.
const postmarkValue = 80

// Compose makes the bytes of a message: the same for the same envelope.
func (c Composer) Compose(m journey.Envelope) ([]byte, error) {
	raw, err := Compose(m)
	if err != nil {
		return nil, err
	}
	if c.Postmark && len(m.MessageID) <= postmarkValue {
		raw = append([]byte("X-PM-KeepID: true\r\nX-PM-Metadata-"+journey.PostmarkMetadata+": "+m.MessageID+"\r\n"), raw...)
	}
	if c.Signer == nil {
		return raw, nil
	}
	return c.Signer.Sign(raw)
}
