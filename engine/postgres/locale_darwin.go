package postgres

// locale: macOS has no C.UTF-8.
const locale = "C"
