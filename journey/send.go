package journey

import (
	"strings"
	"time"
)

// OneMail asks for one transactional mail to one customer, outside of any enrollment.
type OneMail struct {
	JourneyKey string // of the live journey whose template it is
	Version    int
	Template   string
	From       string // "" the template's, then the installation's
	ReplyTo    string
	CustomerID string
	Properties map[string]any // `trigger` of the template
	Expires    time.Duration
	Key        string // stands for the request: the same key is the same mail
	By         Actor
}

// Resending asks to send a message once more.
type Resending struct {
	Message string // msg_… as it was sent
	Key     string // stands for the request: the same key is the same mail
	Reason  string
	By      Actor
}

// ResentMark stands in the step of a message that was sent once more, between the step that sent it first and the request's key.
const ResentMark = ":again:"

// FirstStep is the step that wrote the message, also of one that was sent once more.
func (m Message) FirstStep() string {
	step, _, _ := strings.Cut(m.Step, ResentMark)
	return step
}

// Posted says what became of it, as far as it has come.
type Posted struct {
	Message string       `json:"message"` // msg_…
	State   MessageState `json:"state"`   // queued, or dropped when it cannot be sent; asked again: how far it is
	Reason  string       `json:"reason,omitempty"`
	Words   string       `json:"words"` // state and reason as a sentence
}
