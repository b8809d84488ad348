package templates

import (
	"cmp"
	"fmt"
	"html"
	htmltemplate "html/template"
	"net/url"
	"strconv"
	"strings"

	"perennial/journey"
)

// functionNames are the functions that messages may call beside those of the language.
//
//	button "Label" URL            a button that works in Outlook too
//	survey_buttons                the scores or choices of the question, each a link to survey_url
//	say "choose"                  words of the product in the language of the mail, for layouts (words.go)
//	mso … end_mso                 what only Outlook for Windows shows; html/template strips such comments where they are literal
//	not_mso … end_not_mso         what everybody else shows
func functionNames() []string {
	return []string{"button", "survey_buttons", "say", "mso", "end_mso", "not_mso", "end_not_mso"}
}

func htmlFunctions() htmltemplate.FuncMap {
	f := htmltemplate.FuncMap(journey.TextFunctions())
	f["button"] = buttonHTML
	f["survey_buttons"] = surveyHTML
	f["say"] = say
	for name, comment := range map[string]htmltemplate.HTML{
		"mso": "<!--[if mso]>", "end_mso": "<![endif]-->", "not_mso": "<!--[if !mso]><!-->", "end_not_mso": "<!--<![endif]-->",
	} {
		f[name] = func(*journey.TextScope) htmltemplate.HTML { return comment }
	}
	return f
}

// plainFunctions are those of the HTML from which the text part is made.
func plainFunctions() htmltemplate.FuncMap {
	f := htmltemplate.FuncMap(textFunctions())
	f["button"] = func(_ *journey.TextScope, label, link string) htmltemplate.HTML {
		return htmltemplate.HTML("<p>" + html.EscapeString(label) + ":<br>" + html.EscapeString(safeLink(link)) + "</p>")
	}
	f["survey_buttons"] = func(s *journey.TextScope, labels ...string) (htmltemplate.HTML, error) {
		text, err := surveyText(s, labels...)
		return htmltemplate.HTML("<p>" + strings.ReplaceAll(html.EscapeString(text), "\n", "<br>") + "</p>"), err
	}
	for name, open := range map[string]htmltemplate.HTML{
		"mso": "<div hidden>", "end_mso": "</div>", "not_mso": "", "end_not_mso": "",
	} {
		f[name] = func(*journey.TextScope) htmltemplate.HTML { return open }
	}
	return f
}

func textFunctions() map[string]any {
	f := journey.TextFunctions()
	f["button"] = func(_ *journey.TextScope, label, link string) string { return label + ":\n" + safeLink(link) }
	f["survey_buttons"] = surveyText
	f["say"] = say
	for _, name := range functionNames()[3:] {
		f[name] = func(*journey.TextScope) string { return "" }
	}
	return f
}

// safeLink lets http, https, mailto and tel through.
func safeLink(link string) string {
	u, err := url.Parse(strings.TrimSpace(link))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "mailto" && u.Scheme != "tel" {
		return "#"
	}
	return link
}

const serif = "Georgia,'Iowan Old Style','Times New Roman',serif"

func buttonHTML(_ *journey.TextScope, label, link string) htmltemplate.HTML {
	return htmltemplate.HTML(`<table role="presentation" cellpadding="0" cellspacing="0" border="0" style="margin:26px 0;border-collapse:separate">` +
		`<tr><td class="button" bgcolor="#33493d" style="background-color:#33493d;border-radius:5px;mso-padding-alt:13px 26px">` +
		`<a class="button-link" href="` + html.EscapeString(safeLink(link)) + `" style="display:inline-block;padding:13px 26px;font-family:` + serif +
		`;font-size:17px;line-height:22px;color:#ffffff;text-decoration:none">` + html.EscapeString(label) + `</a></td></tr></table>`)
}

// question reads the survey of a message out of its scope.
type question struct {
	kind    string
	from    int // scores
	to      int
	low     string // what the lowest score means
	high    string
	choices [][2]string // value, label
	link    *url.URL
}

func readQuestion(s *journey.TextScope, labels []string) (question, error) {
	kind, _ := s.Value("survey", "kind").(string)
	address, _ := s.Value("survey_url").(string)
	link, err := url.Parse(address)
	if err != nil || kind == "" {
		return question{}, fmt.Errorf("survey_buttons in a message that asks nothing: use it in the message of a survey step")
	}
	q := question{kind: kind, link: link}
	switch kind {
	case "nps":
		q.from, q.to, q.low, q.high = 0, 10, wordOf(s, "nps_low"), wordOf(s, "nps_high")
	case "csat":
		q.from, q.to, q.low, q.high = 1, 5, wordOf(s, "csat_low"), wordOf(s, "csat_high")
	case "ces":
		q.from, q.to, q.low, q.high = 1, 7, wordOf(s, "ces_low"), wordOf(s, "ces_high")
	case "score":
		q.from, q.to = 1, 5
	case "choice", "choices":
		q.choices, err = readChoices(s, labels)
		return q, err
	}
	if len(labels) == 2 {
		q.low, q.high = labels[0], labels[1]
	}
	return q, nil
}

// readChoices pairs values with labels: those given, else the options of the survey as they read in the language of the mail.
func readChoices(s *journey.TextScope, labels []string) ([][2]string, error) {
	if len(labels)%2 != 0 {
		return nil, fmt.Errorf("survey_buttons takes pairs: a choice and how it reads")
	}
	var out [][2]string
	for i := 0; i < len(labels); i += 2 {
		out = append(out, [2]string{labels[i], labels[i+1]})
	}
	options, _ := s.Value("survey", "options").([]any)
	for _, o := range options {
		if value, is := o.(string); is && len(labels) == 0 {
			text, _ := s.Value("survey", "reads", value).(string)
			out = append(out, [2]string{value, cmp.Or(text, strings.ReplaceAll(value, "_", " "))})
		}
	}
	return out, nil
}

func (q question) url(field, value string) string {
	u := *q.link
	query := u.Query()
	query.Set(field, value)
	u.RawQuery = query.Encode()
	return u.String()
}

// surveyHTML writes the scores as one row of links, choices as one below the other. They only preselect: the page that opens
// asks for the click that counts (GET changes nothing).
func surveyHTML(s *journey.TextScope, labels ...string) (htmltemplate.HTML, error) {
	q, err := readQuestion(s, labels)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	switch {
	case len(q.choices) > 0:
		q.writeChoices(&b)
	case q.to == 0:
		return buttonHTML(s, wordOf(s, "write"), q.link.String()), nil
	default:
		q.writeScores(&b)
	}
	return htmltemplate.HTML(b.String()), nil
}

func (q question) writeChoices(b *strings.Builder) {
	b.WriteString(`<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="margin:22px 0;border-collapse:separate">`)
	for _, c := range q.choices {
		b.WriteString(`<tr><td class="choice" style="border:1px solid #d8d1c4;border-radius:5px;background-color:#fbf9f5;mso-padding-alt:12px 16px">` +
			`<a class="choice-link" href="` + html.EscapeString(q.url("choice", c[0])) + `" style="display:block;padding:12px 16px;font-family:` + serif +
			`;font-size:16px;line-height:22px;color:#33493d;text-decoration:none">` + html.EscapeString(c[1]) + `</a></td></tr>` +
			`<tr><td height="8" style="height:8px;font-size:8px;line-height:8px">&nbsp;</td></tr>`)
	}
	b.WriteString(`</table>`)
}

func (q question) writeScores(b *strings.Builder) {
	width := "width:100%"
	if q.to-q.from < 7 {
		width = "width:100%;max-width:" + strconv.Itoa(58*(q.to-q.from+1)) + "px"
	}
	b.WriteString(`<table role="presentation" cellpadding="0" cellspacing="0" border="0" style="margin:22px 0 26px;` + width + `;border-collapse:separate"><tr>`)
	cell := strconv.Itoa(100/(q.to-q.from+1)) + "%"
	for n := q.from; n <= q.to; n++ {
		score := strconv.Itoa(n)
		b.WriteString(`<td width="` + cell + `" align="center" style="padding:0 1px"><a class="choice choice-link" href="` +
			html.EscapeString(q.url("score", score)) + `" style="display:block;padding:11px 0;border:1px solid #d8d1c4;border-radius:5px;` +
			`background-color:#fbf9f5;font-family:` + serif + `;font-size:16px;line-height:20px;color:#33493d;text-decoration:none">` + score + `</a></td>`)
	}
	b.WriteString(`</tr>`)
	if q.low != "" {
		columns := q.to - q.from + 1
		b.WriteString(`<tr><td colspan="` + strconv.Itoa(columns/2) + `" align="left" class="quiet" style="padding:7px 2px 0;font-family:` + serif +
			`;font-size:13px;line-height:18px;color:#7a7264">` + html.EscapeString(q.low) + `</td><td colspan="` + strconv.Itoa(columns-columns/2) +
			`" align="right" class="quiet" style="padding:7px 2px 0;font-family:` + serif + `;font-size:13px;line-height:18px;color:#7a7264">` +
			html.EscapeString(q.high) + `</td></tr>`)
	}
	b.WriteString(`</table>`)
}

func surveyText(s *journey.TextScope, labels ...string) (string, error) {
	q, err := readQuestion(s, labels)
	if err != nil {
		return "", err
	}
	switch {
	case len(q.choices) > 0:
		lines := make([]string, len(q.choices))
		for i, c := range q.choices {
			lines[i] = "- " + c[1] + ":\n  " + q.url("choice", c[0])
		}
		return strings.Join(lines, "\n"), nil
	case q.to == 0:
		return q.link.String(), nil
	case q.low == "":
		return fmt.Sprintf(wordOf(s, "scale")+"\n%s", q.from, q.to, q.link), nil
	}
	return fmt.Sprintf(wordOf(s, "scale_ends")+"\n%s", q.from, strings.ToLower(q.low), q.to, strings.ToLower(q.high), q.link), nil
}
