package journey

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func replyFields(fields map[string]string) func(string) string {
	return func(name string) string { return fields[name] }
}

func TestWhatNobodyWrote(t *testing.T) {
	t.Parallel()
	from := map[string]string{"From": "Ada King <Ada@Example.com>", "Subject": "Re: We miss you"}
	r := ReplyHead(replyFields(from))
	assert.False(t, r.Automatic)
	assert.Equal(t, "Ada@example.com", r.From)
	for name, value := range map[string]string{
		"Auto-Submitted": "auto-replied (vacation)", "Precedence": "Bulk", "X-Autoreply": "yes", "X-Autorespond": "1", "List-Id": "<news.example.com>",
		"Return-Path": "<>", "Content-Type": "multipart/report; report-type=disposition-notification", "X-Spam-Flag": "YES",
	} {
		assert.True(t, ReplyHead(replyFields(map[string]string{"From": "ada@example.com", name: value})).Automatic, name)
	}
	assert.False(t, ReplyHead(replyFields(map[string]string{"From": "ada@example.com", "Auto-Submitted": "no", "Precedence": "first-class"})).Automatic)
	assert.True(t, ReplyHead(replyFields(map[string]string{"From": "Mail Delivery <MAILER-DAEMON@example.com>"})).Automatic)
}

func TestWhatAReplyAnswers(t *testing.T) {
	t.Parallel()
	r := ReplyHead(replyFields(map[string]string{
		"From": "not an address", "Subject": "Re:\r\n\t We\x00 miss\x07 you", "Message-ID": " <mine@example.net> ", "In-Reply-To": "Your mail <two@shop.example>",
		"References": "<one@shop.example>\r\n <two@shop.example>", "To": "Shop <hello@shop.example>, bounces+abc@shop.example",
	}))
	assert.Empty(t, r.From)
	assert.Equal(t, "Re: We miss you", r.Subject, "on one line, as it can be kept")
	assert.Equal(t, "mine@example.net", r.MessageID)
	assert.Equal(t, []string{"two@shop.example", "two@shop.example", "one@shop.example"}, r.Answers, "the nearest first")
	assert.Contains(t, r.To, "bounces+abc@shop.example")
	assert.Equal(t, "Answer: Re: We miss you", r.Title())
	assert.NotEqual(t, r.Key(), ReplyMail{From: "ada@example.com", MessageID: r.MessageID}.Key())
}

func TestWhatAReplySays(t *testing.T) {
	t.Parallel()
	for text, said := range map[string]string{
		"Thank you!\r\n\r\nOn Mon, 6 May 2030 at 09:00, Mara <mara@shop.example> wrote:\r\n> We miss you.\r\n>\r\n> Mara": "Thank you!",
		"Merci.\n\nLe 6 mai 2030,\nMara a écrit :\n> Vous nous manquez.":                                                  "Merci.",
		"No.\n-----Original Message-----\nFrom: Mara\nWe miss you":                                                        "No.",
		"> Shall we?\nYes, please.\n> And now?\nNo.":                                                                      "> Shall we?\nYes, please.\n> And now?\nNo.",
		"I have three wishes:\nsoap":                                                                                      "I have three wishes:\nsoap",
		"> only a quote":                                                                                                  "> only a quote",
		"NUL\x00 and \xff":                                                                                                "NUL and \uFFFD",
	} {
		assert.Equal(t, said, ReplyMail{}.Said(text).Text)
	}
	long := ReplyMail{}.Said(strings.Repeat("é", ReplyTextMax)).Text
	assert.LessOrEqual(t, len(long), ReplyTextMax)
	assert.True(t, strings.HasSuffix(long, "é…"))
}
