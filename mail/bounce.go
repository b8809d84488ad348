package mail

import (
	"regexp"
	"strconv"
	"strings"

	"perennial/journey"
)

// ReadFeedback reads a mail that came back to us and says what it reports of a message of ours: a bounce in the form of RFC 3464,
// RFC 6533, qmail or an old Exim, or a complaint in that of RFC 5965. It returns false for everything else, and that is most of
// what comes to such a mailbox: answers, notes that somebody is on holiday, challenges, receipts, reports that a message is
// late. Bytes that are no mail are something else, too.
func ReadFeedback(raw []byte) (journey.Feedback, bool) {
	r, err := openReport(raw)
	if err != nil {
		return journey.Feedback{}, false
	}
	f := journey.Feedback{MessageID: r.original.messageID, Return: firstText(r.returned, r.original.sender)}
	switch r.kind {
	case reportBounce:
		f, reported := bounce(f, r)
		return f, reported
	case reportComplaint:
		return complaint(f, r)
	case reportPlain:
		return plainBounce(f, r)
	}
	return f, false
}

func firstText(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// bounce reads the status of a message (RFC 3464). A report may be on several recipients, because an address of hers forwards to
// several: only when nobody got it, it came back, and only when all of them are gone for good, she is.
func bounce(f journey.Feedback, r report) (journey.Feedback, bool) {
	found := false
	for _, group := range r.status {
		action := strings.ToLower(group["action"])
		if action == "" && group["final-recipient"] == "" && group["status"] == "" {
			continue // on the message, not on a recipient
		}
		if action != "failed" {
			return f, false
		}
		one := recipient(group)
		if !found || f.Kind == journey.FeedbackHard {
			f.Kind, f.Recipient, f.Code, f.Status, f.Text = one.Kind, one.Recipient, one.Code, one.Status, one.Text
		}
		found = true
	}
	return f, found
}

func recipient(group fields) journey.Feedback {
	text := afterType(group["diagnostic-code"])
	f := journey.Feedback{
		Recipient: mailboxOf(firstText(group["original-recipient"], group["final-recipient"])),
		Status:    statusCode.FindString(group["status"]),
		Text:      oneLine(text),
	}
	f.Code, _ = strconv.Atoi(replyCode.FindString(text)) // 0 where there is none
	if said := statusCode.FindString(text); said != "" && (f.Status == "" || strings.HasSuffix(f.Status, ".0.0") || f.Status == "5.1.0") {
		f.Status = said // Exim and others write 5.0.0 and quote what the server said
	}
	f.Kind = severity(f.Status, f.Code, text)
	return f
}

var (
	statusCode = regexp.MustCompile(`\b[245]\.\d{1,3}\.\d{1,3}\b`)
	replyCode  = regexp.MustCompile(`\b[45]\d\d\b`)
)

// severity says whether an address is gone. In doubt it is not: a wrong 'hard' stops a customer's mail for good, a wrong 'soft'
// costs one more attempt.
func severity(status string, code int, text string) journey.FeedbackKind {
	switch status {
	case "5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10":
		return journey.FeedbackHard
	case "5.2.1": // disabled, says the RFC; Gmail says it of those who get too much at once, too
		if !strings.Contains(strings.ToLower(text), " at a rate ") {
			return journey.FeedbackHard
		}
	case "", "5.0.0", "5.1.0", "5.4.1", "5.4.4", "5.5.0":
		// 5.4.1 is Exchange's word for a recipient that is unknown at the edge, 5.4.4 Postfix's for a domain that does not exist.
		if (status != "" || code/100 == 5) && nobody.MatchString(text) {
			return journey.FeedbackHard
		}
	}
	return journey.FeedbackSoft
}

// nobody are the words in which mail servers say that there is no such address.
var nobody = regexp.MustCompile(`(?i)user unknown|unknown user|unknown (local part|address|recipient)|no such (user|mailbox|recipient|person|address)|` +
	`(user|mailbox|recipient|address|account)( \S+)? (is |was )?(not found|unknown|does(n't| not) exist|unavailable$|disabled)|recipient not found|` +
	`mailbox not found|does not exist|no mailbox here by that name|recipient address rejected: (access denied|user unknown|undeliverable)|` +
	`invalid (mailbox|recipient)|host (or domain name )?not found|domain (name )?not found|recipientnotfound|account .{0,40}(closed|disabled)`)

// afterType takes the type off a value such as "smtp; 550 5.1.1 unknown" or "rfc822;ann@example.net".
func afterType(value string) string {
	if _, rest, typed := strings.Cut(value, ";"); typed {
		return strings.TrimSpace(rest)
	}
	return strings.TrimSpace(value)
}

func mailboxOf(value string) string { return strings.Trim(afterType(value), "<> ") }

// oneLine bounds what others may make us keep, and takes out what Postgres cannot.
func oneLine(text string) string {
	const most = 500
	text = strings.Join(strings.Fields(strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", ""), "")), " ")
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most])
	}
	return text
}

// plainBounce reads the two forms of a report in plain words that are still about: qmail's (QSBMF) and that of an old Exim. Both begin
// with words of their own, so that no letter of a person is taken for one.
func plainBounce(f journey.Feedback, r report) (journey.Feedback, bool) {
	said, original, _ := strings.Cut(r.text, "--- Below this line is a copy of the message.")
	switch {
	case strings.HasPrefix(strings.TrimSpace(said), "Hi. This is the qmail-send program"):
	case r.failed != "" && strings.Contains(said, "could not be delivered to one or more"):
		said, original, _ = strings.Cut(r.text, "\n------ This is a copy of")
		if !strings.Contains(said, "permanent error") {
			return f, false
		}
	default:
		return f, false
	}
	who := plainRecipient.FindStringSubmatchIndex(said)
	if who == nil {
		return f, false
	}
	f.Recipient, f.Text = said[who[2]:who[3]], oneLine(said[who[1]:])
	f.Status = statusCode.FindString(f.Text)
	f.Code, _ = strconv.Atoi(replyCode.FindString(f.Text)) // 0 where there is none
	f.Kind = severity(f.Status, max(f.Code, 500), f.Text)  // both forms are of what failed for good
	if _, head, found := strings.Cut(original, "\n\n"); found {
		head, _, _ = strings.Cut(head, "\n\n")
		f.MessageID = firstText(f.MessageID, idOf(parseFields(head)["message-id"]))
	}
	return f, true
}

var plainRecipient = regexp.MustCompile(`(?m)^\s*<?([^\s<>:]+@[^\s<>:]+)>?:?\s*$`)
