package browsertest_test

import (
	"bytes"
	"flag"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/chromedp/chromedp"
)

var (
	update = flag.Bool("update", false, "write the picture of README.md")
	addr   = flag.String("addr", "127.0.0.1:8080", "host and port of the app, which the picture shows")
)

// maxPicture keeps the README quick to load.
const maxPicture = 60_000

// TestReadmePicture takes the picture of README.md: the hosted login, and beside it the page
// that asked for it. It goes to the other screenshots; this writes the one in docs/pictures:
//
//	go test -run TestReadmePicture . -update
func TestReadmePicture(t *testing.T) {
	t.Parallel()
	requireChromium(t)
	if !*update {
		*addr = "127.0.0.1:0" // the other picture may show any address
	}
	found := runProgram(t, quickstart, "", `(?s)Open (http://\S+) .*LoginRocket is at `,
		"-addr", *addr, "-loginrocket-addr", "localhost:0", "-core-addr", "localhost:0")
	app := found[0]

	ada := newBrowser(t)
	ada.do(chromedp.EmulateViewport(440, 515, chromedp.EmulateScale(1.5)), emulateMedia("", "light"))
	shoot := func(texts ...string) image.Image {
		t.Helper()
		ada.wantText(texts...)
		ada.do(settled)
		page, err := png.Decode(bytes.NewReader(ask(ada, chromedp.CaptureScreenshot())))
		if err != nil {
			t.Fatal(err)
		}
		return page
	}
	ada.open(app + "/manage")
	login := shoot("Log in", "ada@example.com")
	ada.fill("main", map[string]string{"email": "ada@example.com", "password": "engine"})
	ada.follow("Log in")
	ada.follow("Analytical Engines") // of two accounts
	ada.wantURL(app + "/manage")
	picture := sideBySide(t, login, shoot("Ada Lovelace", "Analytical Engines", "billing:write"))
	if len(picture) > maxPicture {
		t.Errorf("the picture has %d bytes, want at most %d", len(picture), maxPicture)
	}

	if err := os.MkdirAll(screenshots, 0o755); err != nil {
		t.Fatal(err)
	}
	paths := []string{filepath.Join(screenshots, "readme.png")}
	if *update {
		paths = append(paths, "../docs/pictures/quickstart.png")
	}
	for _, path := range paths {
		if err := os.WriteFile(path, picture, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// sideBySide puts frames around two pages, and nothing between them, so that the README shows
// through. It returns a PNG.
func sideBySide(t *testing.T, pages ...image.Image) []byte {
	t.Helper()
	const frame, gap = 2, 24
	size := pages[0].Bounds().Size()
	picture := image.NewNRGBA(image.Rect(0, 0, len(pages)*(size.X+2*frame)+(len(pages)-1)*gap, size.Y+2*frame))
	for i, page := range pages {
		outer := image.Rect(0, 0, size.X+2*frame, size.Y+2*frame).Add(image.Pt(i*(size.X+2*frame+gap), 0))
		draw.Draw(picture, outer, image.NewUniform(color.Gray{Y: 160}), image.Point{}, draw.Src)
		draw.Draw(picture, outer.Inset(frame), page, page.Bounds().Min, draw.Src)
	}
	var written bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&written, withPalette(picture)); err != nil {
		t.Fatal(err)
	}
	return written.Bytes()
}

// withPalette returns the picture in its 256 most frequent colors, which takes half of the bytes.
func withPalette(picture *image.NRGBA) *image.Paletted {
	bounds := picture.Bounds()
	count := map[color.NRGBA]int{}
	for y := range bounds.Dy() {
		for x := range bounds.Dx() {
			count[picture.NRGBAAt(x, y)]++
		}
	}
	byCount := slices.SortedFunc(maps.Keys(count), func(a, b color.NRGBA) int { return count[b] - count[a] })
	var palette color.Palette
	for _, c := range byCount[:min(len(byCount), 256)] {
		palette = append(palette, c)
	}
	nearest := map[color.NRGBA]uint8{}
	for c := range count {
		nearest[c] = uint8(palette.Index(c))
	}
	paletted := image.NewPaletted(bounds, palette)
	for y := range bounds.Dy() {
		for x := range bounds.Dx() {
			paletted.SetColorIndex(x, y, nearest[picture.NRGBAAt(x, y)])
		}
	}
	return paletted
}
