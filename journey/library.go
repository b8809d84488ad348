package journey

// LibraryJourney is a journey that ships with the product, to start from.
type LibraryJourney struct {
	Key      string
	Name     string
	Says     string // what it is for, in a few sentences
	Sequence bool   // one of the four that every company has use for
	Letters  int    // how many messages it sends
}

// Blank marks, in a journey that was begun from another one, what is its author's to say.
const Blank = "←"
