package journey

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"strings"

	"github.com/google/uuid"
)

// TokenKind says what a public link is for. A token of one kind opens no other door.
type TokenKind byte

// The kinds; each is the letter or the word of its path.
const (
	TokenUnsubscribe TokenKind = 'u' // /u/{token}
	TokenClick       TokenKind = 'c' // /c/{token}: n is the index of the link in the message
	TokenView        TokenKind = 'v' // /view/{token}
	TokenPreferences TokenKind = 'p' // /preferences/{token}
	TokenSurvey      TokenKind = 's' // /s/{token}
	TokenBack        TokenKind = 'b' // /back/{token}
	TokenConfirm     TokenKind = 'o' // /confirm/{token}: a double opt-in
	TokenBounce      TokenKind = 'r' // no path: the return address of a message
)

// Path returns where the public API serves tokens of the kind, with a slash at either end; "" for a kind without a path.
func (k TokenKind) Path() string {
	switch k {
	case TokenUnsubscribe:
		return "/u/"
	case TokenClick:
		return "/c/"
	case TokenView:
		return "/view/"
	case TokenPreferences:
		return "/preferences/"
	case TokenSurvey:
		return "/s/"
	case TokenBack:
		return "/back/"
	case TokenConfirm:
		return "/confirm/"
	case TokenBounce:
	}
	return ""
}

// Tokens signs and opens the tokens of public links. A token names one of our rows (nearly always a message) and holds nothing
// personal: who it is for is found in Postgres, and is gone once she is erased.
type Tokens struct {
	Key []byte // of the installation, 32 random bytes
}

const (
	tokenPrefixLen = 3  // of "msg_", without the underscore
	tokenMACLen    = 12 // 96 bits of the HMAC-SHA256
)

// Sign returns the token, about 45 characters of base64url. The id is one of ours (prefix and UUID); n is a small number at or
// above 0, the index of a link for TokenClick. For anything else it returns "", which Open refuses.
func (t Tokens) Sign(kind TokenKind, id string, n int) string {
	prefix, rest, found := strings.Cut(id, "_")
	if !found || len(prefix) != tokenPrefixLen || n < 0 {
		return ""
	}
	u, err := uuid.Parse(rest)
	if err != nil || u.String() != rest {
		return ""
	}
	b := make([]byte, 0, 48)
	b = append(b, byte(kind))
	b = append(b, prefix...)
	b = append(b, u[:]...)
	b = binary.AppendUvarint(b, uint64(n))
	b = append(b, t.mac(b)...)
	return base64.RawURLEncoding.EncodeToString(b)
}

// Open checks the token and returns what it names. An altered, foreign or misused one is a Fault of CodeNotFound: the answer
// says nothing about why.
func (t Tokens) Open(kind TokenKind, token string) (id string, n int, err error) {
	refused := Faultf(CodeNotFound, "this link is incomplete or was altered; open it from the mail again")
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(b) < 1+tokenPrefixLen+len(uuid.UUID{})+1+tokenMACLen {
		return "", 0, refused
	}
	number, size := binary.Uvarint(b[1+tokenPrefixLen+len(uuid.UUID{}) : len(b)-tokenMACLen])
	if size <= 0 || number > 1<<31 {
		return "", 0, refused
	}
	u := uuid.UUID(b[1+tokenPrefixLen : 1+tokenPrefixLen+len(uuid.UUID{})])
	id, n = string(b[1:1+tokenPrefixLen])+"_"+u.String(), int(number)
	// Signing again and comparing the whole also refuses every other spelling of the same bytes.
	if subtle.ConstantTimeCompare([]byte(t.Sign(kind, id, n)), []byte(token)) != 1 {
		return "", 0, refused
	}
	return id, n, nil
}

func (t Tokens) mac(body []byte) []byte {
	h := hmac.New(sha256.New, t.Key)
	h.Write([]byte("perennial link\x00"))
	h.Write(body)
	return h.Sum(nil)[:tokenMACLen]
}
