package journey

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// Limits of RFC 5321, in bytes.
const (
	addressMax = 254
	localMax   = 64
)

// localPart is a dot-atom of RFC 5322, with the letters of RFC 6531. Quoted local parts are legal and unknown in the wild.
var localPart = regexp.MustCompile("^[\\pL\\pN!#$%&'*+/=?^_`{|}~-]+(\\.[\\pL\\pN!#$%&'*+/=?^_`{|}~-]+)*$")

// ParseAddress checks an e-mail address and returns it with its domain as A-label, in lower case; the local part stays as
// given. It takes an address alone: no display name, no comment, no CR, LF, NUL or space, no zero-width or bidi character,
// at most 254 bytes, a domain with a dot. The error says which of these it was, without repeating the address.
func ParseAddress(s string) (string, error) {
	if len(s) > addressMax {
		return "", fmt.Errorf("an address has at most %d bytes, this one has %d", addressMax, len(s))
	}
	if !utf8.ValidString(s) {
		return "", fmt.Errorf("the address is not UTF-8")
	}
	for _, r := range s {
		if err := addressRune(r); err != nil {
			return "", err
		}
	}
	at := strings.LastIndexByte(s, '@')
	if at < 0 || at == len(s)-1 {
		return "", fmt.Errorf("the address has no domain")
	}
	local, domain := s[:at], s[at+1:]
	if len(local) > localMax || !localPart.MatchString(local) {
		return "", fmt.Errorf("the part before the @ is not a mailbox name of at most %d bytes", localMax)
	}
	domain, err := addressDomain(domain)
	if err != nil {
		return "", err
	}
	if address := local + "@" + domain; len(address) <= addressMax {
		return address, nil
	}
	return "", fmt.Errorf("an address has at most %d bytes, with its domain as A-label this one has more", addressMax)
}

func addressRune(r rune) error {
	switch {
	case r == '\r' || r == '\n' || r == 0:
		return fmt.Errorf("the address holds a CR, LF or NUL")
	case unicode.IsSpace(r) || unicode.IsControl(r):
		return fmt.Errorf("the address holds a space or a control character")
	case unicode.Is(unicode.Cf, r):
		return fmt.Errorf("the address holds a zero-width or bidi character (U+%04X)", r)
	case r == '<' || r == '>' || r == '(' || r == ')' || r == '"' || r == ',':
		return fmt.Errorf("the address is to stand alone, without a display name, comment or list")
	}
	return nil
}

// addressDomain checks a domain and returns its A-label. Mail to bare host names and address literals is not for customers.
func addressDomain(domain string) (string, error) {
	ascii, err := idna.Lookup.ToASCII(domain)
	if err != nil {
		return "", fmt.Errorf("the domain of the address is not a domain name")
	}
	labels := strings.Split(ascii, ".")
	if len(labels) < 2 {
		return "", fmt.Errorf("the domain of the address has no dot")
	}
	for _, label := range labels {
		if label == "" || len(label) > 63 {
			return "", fmt.Errorf("the domain of the address has a label that is empty or over 63 bytes")
		}
	}
	if strings.Trim(labels[len(labels)-1], "0123456789") == "" {
		return "", fmt.Errorf("the domain of the address is a number")
	}
	return strings.ToLower(ascii), nil
}
