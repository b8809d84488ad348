package inbox

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-smtp"
)

const maxMessage = 25 << 20

// newSMTP accepts everything from everyone. Two kinds of recipients make it refuse, for tests and demos:
//
//	reject-550@…  or reject-550-5.7.1@…   refused with that reply at RCPT
//	defer-451@…   or defer-451-4.3.0@…    refused with that reply at the end of DATA
func newSMTP(s *store) *smtp.Server {
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
		return &session{store: s}, nil
	}))
	server.Domain = "inbox.perennial.localhost"
	server.MaxMessageBytes = maxMessage
	server.MaxRecipients = 1000
	server.EnableSMTPUTF8 = true
	server.ReadTimeout = 5 * time.Minute
	server.WriteTimeout = time.Minute
	server.ErrorLog = errorLog{s.say}
	return server
}

// session is one SMTP connection.
type session struct {
	store      *store
	sender     string
	recipients []string
	refusal    error // at the end of DATA
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.Reset()
	s.sender = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if err := refusalIn(to, "reject"); err != nil {
		return err
	}
	if err := refusalIn(to, "defer"); err != nil {
		s.refusal = err
	}
	s.recipients = append(s.recipients, to)
	return nil
}

// Data answers 250 only when the message is on disk.
func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if s.refusal != nil {
		return s.refusal
	}
	m := summarise(s.sender, s.recipients, raw, time.Now())
	if err := s.store.Append(m, raw); err != nil {
		s.store.say("refusing a message: %v", err)
		return &smtp.SMTPError{Code: 452, EnhancedCode: smtp.EnhancedCode{4, 3, 1}, Message: "Cannot store it now"}
	}
	return nil
}

func (s *session) Reset() { s.sender, s.recipients, s.refusal = "", nil, nil }

func (s *session) Logout() error { return nil }

var magicLocalPart = regexp.MustCompile(`^(reject|defer)-([45]\d\d)(?:-([45])\.(\d{1,3})\.(\d{1,3}))?$`)

// refusalIn reads a refusal out of a recipient's local part.
func refusalIn(recipient, kind string) error {
	local, _, _ := strings.Cut(strings.ToLower(recipient), "@")
	m := magicLocalPart.FindStringSubmatch(local)
	if m == nil || m[1] != kind {
		return nil
	}
	code, _ := strconv.Atoi(m[2])
	enhanced := smtp.EnhancedCode{code / 100, 0, 0}
	if code == 550 {
		enhanced = smtp.EnhancedCode{5, 1, 1}
	}
	if m[3] != "" {
		for i := range enhanced {
			enhanced[i], _ = strconv.Atoi(m[3+i])
		}
	}
	return &smtp.SMTPError{
		Code: code, EnhancedCode: enhanced,
		Message: fmt.Sprintf("Refused because the recipient's name asks for it (%s-%d)", kind, code),
	}
}

// errorLog drops what clients do all day: they hang up.
type errorLog struct{ say func(string, ...any) }

func (l errorLog) Printf(format string, args ...any) {
	for _, arg := range args {
		if err, ok := arg.(error); ok && errors.Is(err, io.ErrUnexpectedEOF) || strings.Contains(fmt.Sprint(arg), "reset by peer") {
			return
		}
	}
	l.say("smtp: "+format, args...)
}

func (l errorLog) Println(args ...any) { l.say("smtp: %s", fmt.Sprint(args...)) }
