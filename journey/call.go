package journey

import (
	"crypto/rand"
	"encoding/base64"
	"net/url"
	"strings"
	"time"
)

// Endpoint is an address outside that journeys call. It is declared in a journey's file, which names the variable of the
// environment that holds its secret, or on the server, which keeps the secret.
type Endpoint struct {
	Key       string
	URL       string
	SecretEnv string // name of the variable that holds the secret; "" the server keeps it
}

// WebhookStep calls an endpoint and goes on with its reply.
type WebhookStep struct {
	To      string // key of the endpoint
	Body    *Shape // nil: who she is, and where in the journey
	As      string // the reply is kept as var.<as>: { status, body }
	OnError OnTrouble
}

// Shape is a value, or a map or list of shapes, as it is written in the body of a webhook. Exactly one is set.
type Shape struct {
	Value  *Value
	Fields []Field // of a map, in file order
	Items  []*Shape
	Map    bool // also when it has no fields
}

// Field is one entry of a map.
type Field struct {
	Name  string
	Shape *Shape
}

// resolve reads every value. What is missing is left out of a map, and null in a list.
func (s *Shape) resolve(l Lookup) (any, bool) {
	switch {
	case s.Value != nil:
		v, ok := s.Value.Resolve(l)
		return clone(v), ok
	case s.Map:
		object := make(map[string]any, len(s.Fields))
		for _, f := range s.Fields {
			if v, ok := f.Shape.resolve(l); ok {
				object[f.Name] = v
			}
		}
		return object, true
	}
	list := make([]any, len(s.Items))
	for i, item := range s.Items {
		list[i], _ = item.resolve(l)
	}
	return list, true
}

// each calls f for every value inside.
func (s *Shape) each(f func(*Value)) {
	if s == nil {
		return
	}
	if s.Value != nil {
		f(s.Value)
	}
	for _, field := range s.Fields {
		field.Shape.each(f)
	}
	for _, item := range s.Items {
		item.each(f)
	}
}

// Call is one call that a decision asks for. Its key is (enrollment, Step, Visit); its id is the webhook-id of every attempt.
type Call struct {
	ID    string // cal_…
	Step  string
	Visit int
	To    string // key of the endpoint
	Body  []byte // JSON, the same bytes at every attempt
}

// CallState is how far a call is.
type CallState string

// open → answered | failed | dropped. A call that was dropped (she left, it was skipped) while its request was under way is
// answered or failed in the end all the same, and nothing follows from it.
const (
	CallOpen     CallState = "open"
	CallAnswered CallState = "answered" // with a 2xx
	CallFailed   CallState = "failed"   // for good
	CallDropped  CallState = "dropped"
)

// CallFact is what a decision sees of the call that it waits for.
type CallFact struct {
	ID     string
	State  CallState
	Status int    // HTTP; 0 when there was no reply
	Body   any    // of the reply: JSON where it is, else text; nil when there is none
	Reason string // of failed: one of the reasons below
}

// Reasons why a call failed. ReasonStatus stands for a status that says no, see CallFact.Status.
const (
	ReasonStatus      = "status"
	ReasonTimeout     = "timeout"
	ReasonUnreachable = "unreachable"
	ReasonBlocked     = "blocked"     // the address is private, or plain http
	ReasonRedirect    = "redirect"    // redirects are not followed
	ReasonLongReply   = "long_reply"  // over ReplyMax
	ReasonNoEndpoint  = "no_endpoint" // nobody declared it, or not any more
	ReasonNoSecret    = "no_secret"   // the environment does not have it
	ReasonLost        = "lost"        // the call is not there any more
)

// Bounds of one request to an address outside.
const (
	PostTimeout = 10 * time.Second
	ReplyMax    = 64 << 10 // bytes
	CallMax     = 64 << 10 // bytes of a body
)

// CallWaits are the pauses, in wall time, between the attempts of a call: ten attempts in some three and a half hours.
func CallWaits() []time.Duration {
	return []time.Duration{5 * time.Second, 15 * time.Second, 45 * time.Second, 135 * time.Second, 405 * time.Second,
		1215 * time.Second, time.Hour, time.Hour, time.Hour}
}

// Post is one signed request to an address outside (Standard Webhooks).
type Post struct {
	ID     string // webhook-id: the same at every attempt
	URL    string
	Secret string // whsec_…; "" it is not signed
	Body   []byte
	At     time.Time // webhook-timestamp, wall time
}

// PostReply is what came of it.
type PostReply struct {
	Status int           // 0: none came
	Body   []byte        // at most ReplyMax
	Reason string        // "" when the status is a 2xx
	Final  bool          // trying again is of no use
	After  time.Duration // what the receiver asks to wait (Retry-After); 0: it does not say
}

// Calling is an attempt of a call that was begun. Where Post is nil there is none: not before Wait is over, or never where that is 0.
type Calling struct {
	Post      *Post
	SecretEnv string // the variable that holds the secret; "" Post has it
	Attempt   int
	Wait      time.Duration // wall time
}

// NewSecret makes a secret for signing: whsec_ and 32 random bytes in base64.
func NewSecret() string {
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // it never fails
	return secretPrefix + base64.StdEncoding.EncodeToString(raw)
}

const secretPrefix = "whsec_"

// SecretKey is the signing key inside a secret; the fault says what a secret looks like.
func SecretKey(secret string) ([]byte, error) {
	text, prefixed := strings.CutPrefix(secret, secretPrefix)
	raw, err := base64.StdEncoding.DecodeString(text)
	if !prefixed || err != nil || len(raw) < 24 || len(raw) > 64 {
		return nil, Faultf(CodeInvalid, "a secret is whsec_ followed by 24 to 64 bytes in base64")
	}
	return raw, nil
}

// CheckURL says what is wrong with an address outside, and how to mend it; "" nothing.
func CheckURL(text string) (message, mend string) {
	const like = "write https://host/path"
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || len(text) > 2000:
		return "is not an address of the web", like
	case u.User != nil:
		return "holds a user name or password, which would stand in logs", "sign with a secret instead"
	case u.Fragment != "":
		return "has a fragment, which no server sees", "leave out what begins with #"
	}
	return "", ""
}
