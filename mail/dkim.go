package mail

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	netmail "net/mail"
	"strings"

	gomail "github.com/wneessen/go-mail"

	"perennial/journey"
)

// signedHeaders are those that a signature covers where a message has them. Both List headers are among them: RFC 8058 lets
// nobody act on a one-click link that is not signed.
var signedHeaders = []string{
	"From", "To", "Subject", "Date", "Message-ID", "Reply-To", "MIME-Version", "Content-Type", "List-Unsubscribe",
	"List-Unsubscribe-Post", "List-Id", "Feedback-ID", "Auto-Submitted",
}

// oversigned are named once more than they stand in the message: a second one that somebody adds breaks the signature.
var oversigned = []string{"From", "Subject"}

// smallestKey is in bits; RFC 8301 lets verifiers treat anything below 1024 as unsigned, and the large providers ask for 2048.
const smallestKey = 2048

// Signer signs messages by DKIM (RFC 6376, relaxed/relaxed), with RSA or Ed25519 (RFC 8463). It is not one of the libraries':
// go-mail's (v0.8.1) folds a long list of headers in the middle of a name after it has signed it in one piece, and go-msgauth's
// (v0.7.0) always writes the time of the wall clock, which would make other bytes of the same message.
type Signer struct {
	domain, selector, algorithm string
	key                         crypto.Signer
}

// NewSigner reads a private key as PEM (PKCS #1 or #8). Faults never quote it.
func NewSigner(domain, selector string, pem []byte) (*Signer, error) {
	key, err := gomail.PrivKeyFromPEM(pem)
	if err != nil {
		return nil, journey.Faultf(journey.CodeInvalid, "the DKIM key is no private key in PEM: RSA (PKCS #1 or #8) or Ed25519 (PKCS #8)")
	}
	algorithm := "ed25519-sha256"
	if k, isRSA := key.(*rsa.PrivateKey); isRSA {
		algorithm = "rsa-sha256"
		if k.N.BitLen() < smallestKey {
			return nil, journey.Faultf(journey.CodeInvalid, "the DKIM key has %d bits; receivers ask for %d", k.N.BitLen(), smallestKey)
		}
	}
	if domain == "" || selector == "" {
		return nil, journey.Faultf(journey.CodeInvalid, "a DKIM key needs the domain and the selector under which it is published")
	}
	return &Signer{domain: domain, selector: selector, algorithm: algorithm, key: key}, nil
}

// Record is the name and the text of the TXT record in which the public key must stand.
func (s *Signer) Record() (name, text string, err error) {
	kind := "ed25519"
	public, short := s.key.Public().(ed25519.PublicKey)
	if !short {
		kind = "rsa"
		if public, err = x509.MarshalPKIXPublicKey(s.key.Public()); err != nil {
			return "", "", fmt.Errorf("writing the public DKIM key: %w", err)
		}
	}
	return s.selector + "._domainkey." + s.domain, "v=DKIM1; k=" + kind + "; p=" + base64.StdEncoding.EncodeToString(public), nil
}

// Sign puts a DKIM-Signature before the message, which has CRLF line ends. Its time is the message's own Date, so that the same
// message gets the same bytes.
func (s *Signer) Sign(message []byte) ([]byte, error) {
	head, body, found := bytes.Cut(message, []byte("\r\n\r\n"))
	parsed, err := netmail.ReadMessage(bytes.NewReader(message))
	if !found || err != nil {
		return nil, &ComposeError{"message", "has no headers"}
	}
	date, err := parsed.Header.Date()
	if err != nil {
		return nil, &ComposeError{"Date", "is no date"}
	}
	names, signed := headersToSign(head)
	sum := sha256.Sum256(relaxedBody(body))
	field := fmt.Sprintf("DKIM-Signature: v=1; a=%s; c=relaxed/relaxed;\r\n\td=%s; s=%s; t=%d;\r\n\th=%s;\r\n\tbh=%s;\r\n\tb=",
		s.algorithm, s.domain, s.selector, date.Unix(), foldNames(names), base64.StdEncoding.EncodeToString(sum[:]))
	digest := sha256.Sum256([]byte(signed + relaxedHeader(field)))
	signature, err := s.sign(digest[:])
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	return append([]byte(field+foldSignature(signature)+"\r\n"), message...), nil
}

// sign needs no randomness: PKCS #1 v1.5 and Ed25519 give the same signature for the same bytes. RFC 8463 has Ed25519 sign the
// digest as if it were the message.
func (s *Signer) sign(digest []byte) ([]byte, error) {
	if _, short := s.key.(ed25519.PrivateKey); short {
		return s.key.Sign(nil, digest, crypto.Hash(0))
	}
	return s.key.Sign(nil, digest, crypto.SHA256)
}

// headersToSign lists what h= says, and makes the text that it stands for: of several headers of a name the lowest comes first.
func headersToSign(head []byte) (names []string, text string) {
	fields := map[string][]string{}
	for _, field := range splitFields(string(head)) {
		name, _, _ := strings.Cut(field, ":")
		name = strings.ToLower(strings.TrimSpace(name))
		fields[name] = append(fields[name], field)
	}
	var b strings.Builder
	for _, name := range signedHeaders {
		there := fields[strings.ToLower(name)]
		for i := len(there) - 1; i >= 0; i-- {
			names = append(names, name)
			b.WriteString(relaxedHeader(there[i]) + "\r\n")
		}
	}
	return append(names, oversigned...), b.String()
}

// splitFields cuts a head into its fields, each with its folds.
func splitFields(head string) []string {
	var fields []string
	for line := range strings.SplitSeq(head, "\r\n") {
		if n := len(fields); n > 0 && line != "" && (line[0] == ' ' || line[0] == '\t') {
			fields[n-1] += "\r\n" + line
		} else {
			fields = append(fields, line)
		}
	}
	return fields
}

// relaxedHeader is RFC 6376, section 3.4.2.
func relaxedHeader(field string) string {
	name, value, _ := strings.Cut(field, ":")
	return strings.ToLower(strings.TrimSpace(name)) + ":" + strings.Trim(squeeze(strings.ReplaceAll(value, "\r\n", "")), " ")
}

// relaxedBody is RFC 6376, section 3.4.4.
func relaxedBody(body []byte) []byte {
	var b bytes.Buffer
	empty := 0 // lines that only count when something follows
	for line := range bytes.SplitSeq(body, []byte("\r\n")) {
		text := strings.TrimRight(squeeze(string(line)), " ")
		if text == "" {
			empty++
			continue
		}
		b.WriteString(strings.Repeat("\r\n", empty) + text + "\r\n")
		empty = 0
	}
	return b.Bytes()
}

// squeeze makes one space of every run of spaces and tabs.
func squeeze(s string) string {
	var b strings.Builder
	space := false
	for i := range len(s) {
		if s[i] == ' ' || s[i] == '\t' {
			space = true
			continue
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		b.WriteByte(s[i])
	}
	if space {
		b.WriteByte(' ')
	}
	return b.String()
}

// foldNames joins the names of h= with folds before it is signed; what is signed is what goes out.
func foldNames(names []string) string {
	var b strings.Builder
	width := len("\th=")
	for i, name := range names {
		if i > 0 {
			b.WriteByte(':')
		}
		if width += len(name) + 1; width > 76 {
			b.WriteString("\r\n\t")
			width = len(name) + 2
		}
		b.WriteString(name)
	}
	return b.String()
}

// foldSignature breaks b=, in which verifiers ignore white space.
func foldSignature(signature []byte) string {
	const width = 72
	text := base64.StdEncoding.EncodeToString(signature)
	var b strings.Builder
	for len(text) > width {
		b.WriteString(text[:width] + "\r\n\t")
		text = text[width:]
	}
	return b.String() + text
}
