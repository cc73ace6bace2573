// Package pages brands and translates the pages that authrocket shows:
//
//	config.Page = pages.Show
package pages

import (
	"bytes"
	"html/template"
	"net/http"

	"github.com/authrocket-go/authrocket"
)

// Show asks for confirmations in German, and shows refusals in the design of the
// app. It leaves all other pages to authrocket.
func Show(w http.ResponseWriter, r *http.Request, p authrocket.Page) bool {
	switch p.Kind {
	case authrocket.PageConfirm:
		authrocket.WritePage(w, r, inGerman(p))
		return true
	case authrocket.PageForbidden, authrocket.PagePermissionDenied:
		return showRefusal(w, p)
	}
	return false
}

// inGerman returns the texts of a confirmation in German. It uses only Kind and Facts.
func inGerman(p authrocket.Page) authrocket.Page {
	p.Lang = "de"
	p.Title = "Mit diesem Konto anmelden?"
	p.Texts = nil
	switch p.Fact("started") {
	case "link":
		p.Texts = append(p.Texts, "Diese Anmeldung hat nicht in diesem Browser begonnen: Ein Link hat hierher geführt.")
	case "elsewhere":
		p.Texts = append(p.Texts, "Diese Anmeldung hat vor mehr als einer Stunde begonnen, in einem anderen Browser oder nicht unter "+p.Fact("app_url")+", oder jemand anderes hat sie begonnen.")
	}
	switch p.Fact("changes") {
	case "user":
		p.Texts = append(p.Texts, "Danach ist hier jemand anderes angemeldet.")
	case "account":
		p.Texts = append(p.Texts, "Danach sind Sie hier in einem anderen Konto angemeldet.")
	}
	p.Texts = append(p.Texts, "Fahren Sie nur fort, wenn Sie dieses Konto kennen und benutzen möchten.")
	for i, fact := range p.Facts {
		p.Facts[i].Label = factLabels[fact.Name]
		if fact.Name == "email_verified" {
			p.Facts[i].Value = "nein"
		}
	}
	for i, button := range p.Form.Buttons {
		p.Form.Buttons[i].Label = buttonLabels[button.Value]
	}
	return p
}

var (
	factLabels = map[string]string{
		"name": "Name", "email": "E-Mail", "email_verified": "E-Mail bestätigt", "account": "Konto", "current_user": "Jetzt angemeldet",
	}
	buttonLabels = map[string]string{"continue": "Fortfahren", "cancel": "Abbrechen"}
)

var refusal = template.Must(template.New("refusal").Parse(`<!doctype html>
<html lang="en">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Title}} – Shop</title>
<link rel="stylesheet" href="/shop.css">
<h1>{{.Title}}</h1>
{{range .Texts}}<p>{{.}}</p>
{{end}}{{range .Facts}}<p>{{.Label}}: <b>{{.Value}}</b></p>
{{end}}{{range .Links}}<p><a href="{{.URL}}">{{.Label}}</a></p>
{{end}}`))

// showRefusal sets its own Content-Security-Policy, which allows the app's style sheet.
// The other headers of the page are already set.
func showRefusal(w http.ResponseWriter, p authrocket.Page) bool {
	var body bytes.Buffer
	if err := refusal.Execute(&body, p); err != nil {
		return false // the default page
	}
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	w.WriteHeader(p.Status)
	w.Write(body.Bytes())
	return true
}
