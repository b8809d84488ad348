package journey

import "time"

// ImagePath is before the name of an image in its public address.
const ImagePath = "/images/"

// Image is a picture for mails. Its name is made from its bytes: what stands there never changes.
type Image struct {
	Seq    int64     `json:"-"`
	Name   string    `json:"name"` // SHA-256 of the bytes in hex, a dot, and png, jpg or gif
	Kind   string    `json:"type"` // image/png, image/jpeg or image/gif
	Title  string    `json:"title,omitempty"`
	Width  int       `json:"width"` // pixels
	Height int       `json:"height"`
	Size   int       `json:"size"` // bytes
	By     string    `json:"by"`   // id of who sent it
	At     time.Time `json:"at"`
	URL    string    `json:"url" db:"-"` // where mail programs fetch it
}
