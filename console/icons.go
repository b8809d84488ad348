package console

import "html/template"

// icons are drawn by strokes on a field of 24 by 24; they say nothing that the words beside them do not.
var icons = map[string]string{
	"leaf":         `<path d="M5 19c0-8 5-13 14-14 0 9-5 14-13 13"/><path d="M5 19c3-5 6-8 10-10"/>`,
	"today":        `<circle cx="12" cy="12" r="4"/><path d="M12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6 7 7M17 17l1.4 1.4M5.6 18.4 7 17M17 7l1.4-1.4"/>`,
	"customers":    `<circle cx="9" cy="8" r="3.5"/><path d="M3 20c0-3.5 2.5-6 6-6s6 2.5 6 6"/><path d="M16 5a3.5 3.5 0 0 1 0 6.5M17.5 14.500c2.300.7 3.500 2.700 3.500 5.500"/>`,
	"journeys":     `<circle cx="6" cy="5" r="2"/><circle cx="18" cy="19" r="2"/><path d="M6 7v4a4 4 0 0 0 4 4h4a4 4 0 0 1 4 2"/>`,
	"account":      `<circle cx="12" cy="8" r="3.500"/><path d="M5 20c0-3.500 3-6 7-6s7 2.500 7 6"/>`,
	"segments":     `<circle cx="9" cy="12" r="5.500"/><circle cx="15" cy="12" r="5.500"/>`,
	"topics":       `<path d="M4 5h16v11H9l-5 4z"/><path d="M8 9h8M8 12h5"/>`,
	"sending":      `<path d="m3 11 18-7-6 17-3.500-7z"/><path d="m11.500 14 4-4.500"/>`,
	"suppressions": `<circle cx="12" cy="12" r="8.500"/><path d="m6 6 12 12"/>`,
	"users":        `<circle cx="10" cy="8" r="3.500"/><path d="M4 20c0-3.500 2.500-6 6-6 1.500 0 2.800.5 3.800 1.300"/><path d="m14.500 19 2 2 4-4.500"/>`,
	"keys":         `<circle cx="8" cy="15" r="4"/><path d="m11 12 8-8M16 7l2.500 2.500M14 9l2 2"/>`,
	"teams":        `<circle cx="7" cy="9" r="2.500"/><circle cx="17" cy="9" r="2.500"/><path d="M2.500 18c0-2.500 2-4.500 4.500-4.500s4.500 2 4.500 4.500M12.500 18c0-2.500 2-4.500 4.500-4.500s4.500 2 4.500 4.500"/>`,
	"webhooks":     `<path d="M8 12h11M15 7l5 5-5 5"/><path d="M10 4H6a2 2 0 0 0-2 2v12a2 2 0 0 0 2 2h4"/>`,
	"sources":      `<path d="M5 12h11M12 7l5 5-5 5"/><path d="M14 4h4a2 2 0 0 1 2 2v12a2 2 0 0 1-2 2h-4"/>`,
	"reports":      `<path d="M4 20h16"/><path d="M7 16v-5M12 16V6M17 16v-8"/>`,
	"audit":        `<path d="M6 3.500h9l4 4v13H6z"/><path d="M9.500 11h6M9.500 14.500h6M9.500 18h3"/>`,
	"surveys":      `<path d="M4 5.500h16v10h-9l-5 4v-4H4z"/><path d="m8.500 10.500 2 2 4.500-4.500"/>`,
	"plus":         `<path d="M12 6v12M6 12h12"/>`,
	"close":        `<path d="m7 7 10 10M17 7 7 17"/>`,
	"menu":         `<path d="M4 7h16M4 12h16M4 17h16"/>`,
	"search":       `<circle cx="11" cy="11" r="6"/><path d="m20 20-4.500-4.500"/>`,
	"alert":        `<path d="M12 4 2.800 19.500h18.400z"/><path d="M12 10v4.500M12 17v.2"/>`,
	"calm":         `<circle cx="12" cy="12" r="8.500"/><path d="m8.500 12.300 2.400 2.400 4.600-5"/>`,
	"pause":        `<path d="M9 6v12M15 6v12"/>`,
	"mail":         `<rect x="3.500" y="5.500" width="17" height="13" rx="2"/><path d="m4 7 8 6 8-6"/>`,
	"message":      `<rect x="3.500" y="5.500" width="17" height="13" rx="2"/><path d="m4 7 8 6 8-6"/>`,
	"event":        `<path d="M13 3 5 14h6l-1 7 8-11h-6z"/>`,
	"decision":     `<path d="M12 3v6M12 9l-5 5v7M12 9l5 5v7"/>`,
	"task":         `<rect x="4.500" y="4.500" width="15" height="15" rx="3"/><path d="m8.500 12 2.500 2.500 4.500-5"/>`,
	"coupon":       `<path d="M4 8V6.500h16V8a2 2 0 0 0 0 8v1.500H4V16a2 2 0 0 0 0-8z"/><path d="M14 9v6"/>`,
	"person":       `<circle cx="12" cy="8" r="3.500"/><path d="M5 20c0-3.500 3-6 7-6s7 2.500 7 6"/>`,
	"undo":         `<path d="M8 5 4 9l4 4"/><path d="M4 9h9a6 6 0 0 1 0 12h-3"/>`,
	"redo":         `<path d="m16 5 4 4-4 4"/><path d="M20 9h-9a6 6 0 0 0 0 12h3"/>`,
	"edit":         `<path d="m5 19 1-4L16 5l3 3L9 18z"/>`,
}

func icon(name string) template.HTML {
	return template.HTML(`<svg class="icon" viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" focusable="false">` + icons[name] + `</svg>`) //nolint:gosec // our own drawings
}
