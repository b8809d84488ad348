package journey

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	texttemplate "text/template"
	"time"
)

// Limits of a template. A hostile one costs at most these.
const (
	TextMaxSource = 256 << 10              // bytes of source
	TextMaxOutput = 1 << 20                // bytes of output
	TextMaxLoop   = 1000                   // rounds of one loop
	TextMaxNested = 8                      // loops inside each other: html/template reads each loop twice, and those inside it twice as often
	TextMaxTime   = 250 * time.Millisecond // of rendering
)

// RenderText renders a text template: a task's title, a subject, the text part of a message. Data holds the names of the
// language: customer (a Customer or a map), account, trigger, answer, var, coupon (by `as`), journey, and links such as
// survey_url. A path through something missing is empty. The error is a *Fault: invalid source carries its Problems.
func RenderText(src string, data map[string]any) (string, error) {
	text, problems := ParseText("", src, TextOptions{})
	if bad := problems.Errors(); len(bad) > 0 {
		return "", &Fault{Code: CodeInvalid, Message: "parsing text", Problems: bad}
	}
	exec := texttemplate.New("").Funcs(TextFunctions())
	if _, err := exec.AddParseTree("", text.Tree); err != nil {
		return "", Faultf(CodeInvalid, "parsing text: %v", err)
	}
	scope := NewTextScope(data)
	return scope.Run(func(w io.Writer) error { return exec.Execute(w, scope) })
}

// TextScope is what one rendering sees: `$` of every template. Its data is a copy, with whole numbers as int64.
type TextScope struct {
	data    map[string]any
	zone    *time.Location // the customer's; UTC when nobody said
	locale  string         // the customer's; that of the mail when unknown
	stopped atomic.Bool
	work    int // look-ups, rounds and writes so far
}

// textInnocent is the work below which nothing is stopped, however long it takes: no template that small can be hostile, and on a
// machine under load a letter must not fail because its goroutine had to wait for a processor.
const textInnocent = 10_000

// NewTextScope makes a scope from the names of the language. Data may hold "zone", a *time.Location: the installation's, for
// a customer whose own is unknown; templates do not see it.
func NewTextScope(data map[string]any) *TextScope {
	s := &TextScope{data: map[string]any{}, zone: time.UTC, locale: DefaultLocale}
	for name, v := range data {
		if zone, is := v.(*time.Location); is {
			if zone != nil {
				s.zone = zone
			}
			continue
		}
		s.data[name] = textValue(v)
	}
	if coupons, is := s.data["coupon"].(map[string]any); is {
		for as, v := range coupons {
			if fields, is := v.(map[string]any); is {
				coupons[as] = CouponText{fields: fields}
			}
		}
	}
	if name, _ := s.Value("customer", "timezone").(string); name != "" {
		if zone, err := time.LoadLocation(name); err == nil {
			s.zone = zone
		}
	}
	for _, known := range []any{s.Value("locale"), s.Value("customer", "locale")} {
		if locale, _ := known.(string); locale != "" {
			s.locale = locale
		}
	}
	return s
}

// Value follows a path; what is missing is "".
func (s *TextScope) Value(path ...string) any { return textLookup(s, path) }

// Has says whether there is something at the end of a path.
func (s *TextScope) Has(path ...string) bool { return !textEmpty(s.Value(path...)) }

// With sets one more name; it returns the scope.
func (s *TextScope) With(name string, v any) *TextScope {
	s.data[name] = textValue(v)
	return s
}

// Locale is the customer's, that of the mail when it is unknown.
func (s *TextScope) Locale() string { return s.locale }

// Faults of a rendering that went over a limit.
var (
	errTextTime   = fmt.Errorf("rendering takes longer than %v", TextMaxTime)
	errTextOutput = fmt.Errorf("output is longer than %d bytes", TextMaxOutput)
)

// Run executes a template under the limits and returns what it wrote.
func (s *TextScope) Run(exec func(io.Writer) error) (string, error) {
	s.stopped.Store(false)
	s.work = 0
	alarm := time.AfterFunc(TextMaxTime, func() { s.stopped.Store(true) })
	defer alarm.Stop()
	out := &boundedText{scope: s}
	if err := exec(out); err != nil {
		return "", Faultf(CodeInvalid, "rendering text: %s", execError(err))
	}
	return out.String(), nil
}

// spend counts work, and says when it is time to stop.
func (s *TextScope) spend(work int) error {
	s.work += work
	if s.work > textInnocent && s.stopped.Load() {
		return errTextTime
	}
	return nil
}

// execError says what went wrong without the engine's own words around it.
func execError(err error) string {
	for _, limit := range []error{errTextTime, errTextOutput} {
		if errors.Is(err, limit) {
			return limit.Error()
		}
	}
	var exec texttemplate.ExecError
	if errors.As(err, &exec) {
		text := err.Error()
		if i := strings.LastIndex(text, ">: "); i >= 0 {
			return text[i+3:]
		}
		return text
	}
	return err.Error()
}

type boundedText struct {
	strings.Builder
	scope *TextScope
}

func (b *boundedText) Write(p []byte) (int, error) {
	if err := b.scope.spend(1); err != nil {
		return 0, err
	}
	if b.Len()+len(p) > TextMaxOutput {
		return 0, errTextOutput
	}
	return b.Builder.Write(p)
}
