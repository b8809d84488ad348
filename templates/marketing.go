package templates

import (
	"fmt"
	"regexp"
	"strings"

	"perennial/journey"
)

// marketing warns of messages that go out under `transactional` and read like marketing: such mail needs a consent.
func (c *compiler) marketing() {
	for _, name := range sortedKeys(c.files) {
		f, ok := parseFileName(name)
		if !ok || f.ext != "html" || !c.facts.sends(f.message) || c.facts.topic(f.message).Key != journey.TopicTransactional {
			continue
		}
		src, _ := parseSource(name, c.files[name])
		head := journey.Problem{
			File: name, Line: 1, Column: 1, Warning: true, Mend: "send it on a topic that customers agree to, or take it out",
		}
		at := func(text string, line int, hit []int) journey.Problem {
			p := head
			p.Line = line + strings.Count(text[:hit[0]], "\n")
			p.Column = hit[0] - strings.LastIndexByte(text[:hit[0]], '\n')
			p.Message = fmt.Sprintf("%q in a transactional message: that is marketing", strings.TrimSpace(text[hit[0]:hit[1]]))
			return p
		}
		if hit := selling.FindStringIndex(src.fields["subject"].value); hit != nil {
			p := at(src.fields["subject"].value, src.fields["subject"].line, hit)
			p.Column += src.fields["subject"].column - 1
			c.problems = append(c.problems, p)
		}
		if hit := selling.FindStringIndex(src.body); hit != nil {
			c.problems = append(c.problems, at(src.body, src.line, hit))
		}
	}
}

// selling finds coupons, a way to unsubscribe, and the words of offers.
var selling = regexp.MustCompile(`\{\{[^}]*\bcoupon\s+"|\bunsubscribe_url\b|(?i:\b(?:\d+ ?% off|percent off|discount|special offer|on sale|voucher|promo code|limited time)\b)`)
