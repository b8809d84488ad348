package liquid

import "strings"

// condition converts what an if asks. Liquid knows no precedence: it reads and and or from the right.
func (c *converter) condition(at int, source string) (string, *gap) {
	words := tokens(source)
	for i, w := range words {
		if w != "and" && w != "or" {
			continue
		}
		left, fault := c.comparison(at, words[:i])
		if fault != nil {
			return "", fault
		}
		right, fault := c.condition(at, strings.Join(words[i+1:], " "))
		if fault != nil {
			return "", fault
		}
		return w + " " + grouped(left) + " " + grouped(right), nil
	}
	return c.comparison(at, words)
}

func (c *converter) comparison(at int, words []string) (string, *gap) {
	switch {
	case len(words) == 1:
		return c.operand(at, words[0])
	case len(words) == 2 && words[0] == "not":
		text, fault := c.operand(at, words[1])
		return negate(text), fault
	case len(words) != 3:
		return "", &gap{"this condition cannot be read: " + strings.Join(words, " "), `write {{ if eq customer.plan "gold" }}`}
	}
	left, fault := c.operand(at, words[0])
	if fault != nil {
		return "", fault
	}
	right, fault := c.operand(at, words[2])
	if fault != nil {
		return "", fault
	}
	return compare(left, words[1], right)
}

// compare writes a comparison. With nothing, or with true and false, it is a question for the value itself.
func compare(left, sign, right string) (string, *gap) {
	same := sign == "=="
	switch {
	case (same || sign == "!=" || sign == "<>") && (right == `""` || right == "true" || right == "false"):
		if same == (right == "true") {
			return left, nil
		}
		return negate(left), nil
	case sign == "contains":
		return "", &gap{"contains has no counterpart", "ask it in the journey, by a branch, and send two messages; or work it out where the value is sent"}
	}
	name := map[string]string{"==": "eq", "!=": "ne", "<>": "ne", "<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}[sign]
	if name == "" {
		return "", &gap{"there is no comparison " + sign, `write {{ if eq customer.plan "gold" }}`}
	}
	return name + " " + left + " " + right, nil
}

func negate(text string) string { return "not " + grouped(text) }

// grouped puts a text of several words into parentheses.
func grouped(text string) string {
	if len(tokens(text)) > 1 && !strings.HasPrefix(text, "(") {
		return "(" + text + ")"
	}
	return text
}

// tokens splits a condition at white space and around signs, quotes kept whole.
func tokens(s string) (out []string) {
	const signs = "=!<>"
	for i := 0; i < len(s); {
		from := i
		switch {
		case s[i] == ' ' || s[i] == '\n' || s[i] == '\t':
			i++
			continue
		case s[i] == '"' || s[i] == '\'':
			end := strings.IndexByte(s[i+1:], s[i])
			if end < 0 {
				end = len(s) - i - 2
			}
			i += end + 2
		case strings.IndexByte(signs, s[i]) >= 0:
			for i < len(s) && strings.IndexByte(signs, s[i]) >= 0 {
				i++
			}
		default:
			i = operandEnd(s, i, signs)
		}
		out = append(out, s[from:min(i, len(s))])
	}
	return out
}

// operandEnd is where a name ends: white space and quotes in brackets or braces belong to it.
func operandEnd(s string, i int, signs string) int {
	depth := 0
	for ; i < len(s); i++ {
		switch {
		case s[i] == '[' || s[i] == '{' || s[i] == '(':
			depth++
		case s[i] == ']' || s[i] == '}' || s[i] == ')':
			depth--
		case depth <= 0 && (strings.IndexByte(" \n\t\"'", s[i]) >= 0 || strings.IndexByte(signs, s[i]) >= 0):
			return i
		}
	}
	return i
}
