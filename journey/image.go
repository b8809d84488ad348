package journey

import "time"

// ImagePath is before the name of an image in its public address.
const ImagePath = "/images/"

// Image is a picture for mails. Its name is made from its bytes: what stands there never changes.
type Image struct {
	Seq    int64     `json:"-"`
	Name   string    `json:"name"` // SHA-256 of the bytes in hex, a dot, and png, jpg, gif or webp
	Kind   string    `json:"type"` // image/png, image/jpeg, image/gif or image/webp
	Title  string    `json:"title,omitempty"`
	Width  int       `json:"width"` // pixels, as it is seen: a picture that lies on its side is turned
	Height int       `json:"height"`
	Size   int       `json:"size"` // bytes
	By     string    `json:"by"`   // id of who sent it
	At     time.Time `json:"at"`
	URL    string    `json:"url" db:"-"` // where mail programs fetch it
}
