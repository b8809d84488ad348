package journey

import "time"

// Test mails show the messages of a journey to those who write it. Their links do nothing, and they are counted nowhere.
const (
	TestLinkPath   = "/test-link" // where all links of a test mail lead
	TestMark       = "[Test] "    // before the subject
	TestCode       = "TEST-CODE"  // stands for the code of every coupon
	TestRecipients = 5            // most of one request
	ExpiresTest    = Day
)

// TestRequest asks for the bytes of test mails: each message of a version, or one, to each address.
type TestRequest struct {
	To       []string
	Message  string                // one template; "" every one
	Customer *Customer             // nil: the sample customer
	Account  *Account              // hers
	At       time.Time             // Date of the mails
	Kept     map[string]SurveyForm // as of LookRequest
}

// TestMail is one message that was written as a test for one address, whole.
type TestMail struct {
	ID        string // msg_…
	Template  string
	Address   string
	Subject   string // marked
	MessageID string // as in Bytes
	Bytes     []byte
}

// TestRun is what was asked for at once.
type TestRun struct {
	JourneyKey string
	Version    int    // 0: the draft
	CustomerID string // whose data the mails show; "" the sample's
	Mails      []TestMail
	By         Actor
}

// PostedTest says where a test mail is; what becomes of it stands with its message.
type PostedTest struct {
	Message  string       `json:"message"` // msg_…
	Template string       `json:"template"`
	Address  string       `json:"address"`
	Subject  string       `json:"subject"`
	State    MessageState `json:"state"`
}

// PostedTests are the test mails of one request.
type PostedTests struct {
	Journey string       `json:"journey"`
	Version int          `json:"version"` // 0: the draft
	Data    []PostedTest `json:"data"`
}
