package journey

// Page is one page of a list. Next is the cursor of the following page, nil at the end.
type Page[T any] struct {
	Data []T     `json:"data"`
	Next *string `json:"next"`
}

// PageRequest asks for a page: what follows the cursor, Limit entries at most. An empty cursor is the first page.
type PageRequest struct {
	Cursor string
	Limit  int
}
