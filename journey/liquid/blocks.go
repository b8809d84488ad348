package liquid

import (
	"regexp"
	"slices"
	"strings"
)

// begin converts if and unless.
func (c *converter) begin(t tag, word, condition string) {
	text, fault := c.condition(t.at, condition)
	if word == "ifchanged" {
		fault = &gap{"{% ifchanged %} has no counterpart", "take it out"}
	}
	c.blocks = append(c.blocks, block{tag: word, at: t.at, verbatim: fault != nil})
	switch {
	case fault != nil:
		c.refuse(t, fault.message, fault.mend)
	case word == "unless":
		c.write(t, "if "+negate(text))
	default:
		c.write(t, "if "+text)
	}
}

func (c *converter) otherwise(t tag, condition string) {
	text, fault := c.condition(t.at, condition)
	if i := len(c.blocks) - 1; fault == nil && i >= 0 && c.blocks[i].verbatim {
		fault = &gap{"it belongs to a {% " + c.blocks[i].tag + " %} that has no counterpart", "mend that one first"}
	}
	if fault != nil {
		c.refuse(t, fault.message, fault.mend)
		return
	}
	c.write(t, "else if "+text)
}

// end converts the end of a block.
func (c *converter) end(t tag, opened string) {
	i := len(c.blocks) - 1
	if i < 0 || c.blocks[i].tag != opened {
		c.refuse(t, "{% end"+opened+" %} without {% "+opened+" %}", "take it out")
		return
	}
	b := c.blocks[i]
	c.blocks = c.blocks[:i]
	switch {
	case b.verbatim:
		c.out.WriteString(t.whole)
	case b.tag == "case" && !b.begun: // a case without a when says nothing
	default:
		c.write(t, "end")
	}
}

// choose begins a case. What stands between it and its first when is white space, and goes.
func (c *converter) choose(t tag, subject string) {
	e, fault := c.operand(t.at, subject)
	c.blocks = append(c.blocks, block{tag: "case", at: t.at, subject: e, verbatim: fault != nil})
	if fault != nil {
		c.refuse(t, fault.message, fault.mend)
		return
	}
	rest := c.source[c.at:]
	c.at += len(rest) - len(strings.TrimLeft(rest, " \t\r\n"))
}

var whenSplit = regexp.MustCompile(`\s*,\s*|\s+or\s+`)

func (c *converter) when(t tag, values string) {
	i := len(c.blocks) - 1
	if i < 0 || c.blocks[i].tag != "case" || c.blocks[i].verbatim {
		c.refuse(t, "{% when %} without {% case %}", "take it out")
		return
	}
	test := "eq " + c.blocks[i].subject
	for _, v := range whenSplit.Split(values, -1) {
		text, fault := c.operand(t.at, v)
		if fault != nil {
			c.refuse(t, fault.message, fault.mend)
			return
		}
		test += " " + text
	}
	if c.blocks[i].begun {
		test = "else if " + test
	} else {
		test = "if " + test
	}
	c.blocks[i].begun = true
	c.write(t, test)
}

var forTag = regexp.MustCompile(`^(\w[\w-]*) in (\S+)(.*)$`)

// loop converts for. Its variable keeps its name.
func (c *converter) loop(t tag, rest string) {
	parts := forTag.FindStringSubmatch(rest)
	b := block{tag: "for", at: t.at}
	fault := &gap{"this loop cannot be read", "write {{ range trigger.products }} … {{ end }}"}
	var list string
	if parts != nil {
		b.names = []string{variable(parts[1])}
		if list, fault = c.operand(t.at, parts[2]); strings.HasPrefix(parts[2], "(") {
			fault = &gap{"a loop over numbers has no counterpart", "write it out"}
		}
	}
	b.verbatim = fault != nil
	c.blocks = append(c.blocks, b)
	if fault != nil {
		c.refuse(t, fault.message, fault.mend)
		return
	}
	if extra := strings.TrimSpace(parts[3]); extra != "" {
		c.report(t.at, "the loop had "+extra+", which has no counterpart: it now goes over all", "let whoever sends the list send no more than is shown")
	}
	c.write(t, "range $"+b.names[0]+" := "+list)
}

// assign makes a variable, or changes one. Ours end with the block that they begin in.
func (c *converter) assign(t tag, rest string) {
	name, value, found := strings.Cut(rest, "=")
	if !found {
		c.refuse(t, "this assignment cannot be read", "write {{ $name := customer.first_name }}")
		return
	}
	e, fault := c.expression(t.at, strings.TrimSpace(value))
	if fault == nil && (e.before != "" || e.after != "") {
		fault = &gap{"append and prepend in an assignment have no counterpart", "write the text where the variable is used"}
	}
	if fault != nil {
		c.refuse(t, fault.message, fault.mend)
		return
	}
	name = variable(strings.TrimSpace(name))
	if c.has(name) {
		c.write(t, "$"+name+" = "+e.text)
		return
	}
	if i := len(c.blocks) - 1; i < 0 {
		c.names = append(c.names, name)
	} else {
		c.blocks[i].names = append(c.blocks[i].names, name)
		c.warn(t.at, "$"+name+" ends with the {% "+c.blocks[i].tag+" %} that it begins in", "begin it before, where it is read behind")
	}
	c.write(t, "$"+name+" := "+e.text)
}

// has says whether a variable is known here.
func (c *converter) has(name string) bool {
	return slices.Contains(c.names, name) || slices.ContainsFunc(c.blocks, func(b block) bool { return slices.Contains(b.names, name) })
}

// variable is the name of a variable as ours may be called.
func variable(name string) string { return strings.ReplaceAll(name, "-", "_") }
