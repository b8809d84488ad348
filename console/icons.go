package console

import "html/template"

// icons are drawn by strokes on a field of 24 by 24; they say nothing that the words beside them do not.
var icons = map[string]string{
	"leaf":      `<path d="M5 19c0-8 5-13 14-14 0 9-5 14-13 13"/><path d="M5 19c3-5 6-8 10-10"/>`,
	"today":     `<circle cx="12" cy="12" r="4"/><path d="M12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6 7 7M17 17l1.4 1.4M5.6 18.4 7 17M17 7l1.4-1.4"/>`,
	"customers": `<circle cx="9" cy="8" r="3.5"/><path d="M3 20c0-3.5 2.5-6 6-6s6 2.5 6 6"/><path d="M16 5a3.5 3.5 0 0 1 0 6.5M17.5 14.500c2.300.7 3.500 2.700 3.500 5.500"/>`,
	"journeys":  `<circle cx="6" cy="5" r="2"/><circle cx="18" cy="19" r="2"/><path d="M6 7v4a4 4 0 0 0 4 4h4a4 4 0 0 1 4 2"/>`,
	"account":   `<circle cx="12" cy="8" r="3.500"/><path d="M5 20c0-3.500 3-6 7-6s7 2.500 7 6"/>`,
	"menu":      `<path d="M4 7h16M4 12h16M4 17h16"/>`,
	"search":    `<circle cx="11" cy="11" r="6"/><path d="m20 20-4.500-4.500"/>`,
	"alert":     `<path d="M12 4 2.800 19.500h18.400z"/><path d="M12 10v4.500M12 17v.2"/>`,
	"calm":      `<circle cx="12" cy="12" r="8.500"/><path d="m8.500 12.300 2.400 2.400 4.600-5"/>`,
	"pause":     `<path d="M9 6v12M15 6v12"/>`,
	"mail":      `<rect x="3.500" y="5.500" width="17" height="13" rx="2"/><path d="m4 7 8 6 8-6"/>`,
	"message":   `<rect x="3.500" y="5.500" width="17" height="13" rx="2"/><path d="m4 7 8 6 8-6"/>`,
	"event":     `<path d="M13 3 5 14h6l-1 7 8-11h-6z"/>`,
	"decision":  `<path d="M12 3v6M12 9l-5 5v7M12 9l5 5v7"/>`,
	"task":      `<rect x="4.500" y="4.500" width="15" height="15" rx="3"/><path d="m8.500 12 2.500 2.500 4.500-5"/>`,
	"coupon":    `<path d="M4 8V6.500h16V8a2 2 0 0 0 0 8v1.500H4V16a2 2 0 0 0 0-8z"/><path d="M14 9v6"/>`,
	"person":    `<circle cx="12" cy="8" r="3.500"/><path d="M5 20c0-3.500 3-6 7-6s7 2.500 7 6"/>`,
}

func icon(name string) template.HTML {
	return template.HTML(`<svg class="icon" viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" focusable="false">` + icons[name] + `</svg>`) //nolint:gosec // our own drawings
}
