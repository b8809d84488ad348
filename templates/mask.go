package templates

import "strings"

// maskByte stands for every byte of an action in a masked source. It is no character that HTML gives a meaning to.
const maskByte = '\x1a'

// mask replaces each {{ … }} by as many mask bytes, so that HTML can be read around them and every offset stays.
func mask(src string) string {
	out := []byte(src)
	for at := 0; ; {
		i := strings.Index(src[at:], "{{")
		if i < 0 {
			return string(out)
		}
		start := at + i
		end := actionEnd(src, start+2)
		for j := start; j < end; j++ {
			out[j] = maskByte
		}
		at = end
	}
}

// actionEnd is the offset after the }} that ends the action; quotes are understood. ParseText has seen to it that there is one.
func actionEnd(src string, at int) int {
	quote := byte(0)
	for i := at; i < len(src); i++ {
		switch c := src[i]; {
		case quote != 0 && c == '\\' && quote != '`':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'' || c == '`':
			quote = c
		case strings.HasPrefix(src[i:], "}}"):
			return i + 2
		}
	}
	return len(src)
}
