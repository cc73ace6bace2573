package authrocketdev

import (
	"crypto/rand"
	"net/http"
)

// configurationEndpoints are the calls of the Configuration API, except the calls for
// auth providers.
var configurationEndpoints = map[string]map[string]coreEndpoint{
	"realms":            {http.MethodGet: configuration(listRealms), http.MethodPost: configuration(createRealm)},
	"realms/{id}":       {http.MethodGet: configuration(getRealm), http.MethodPut: configuration(updateRealm), http.MethodDelete: configuration(deleteRealm)},
	"realms/{id}/reset": {http.MethodPost: configuration(resetRealm)},
	"client_apps":       {http.MethodGet: configuration(listApps), http.MethodPost: configuration(createApp)},
	"client_apps/{id}":  {http.MethodGet: configuration(getApp), http.MethodPut: configuration(updateApp), http.MethodDelete: configuration(deleteApp)},
	"domains":           {http.MethodGet: configuration(listDomains), http.MethodPost: configuration(createDomain)},
	"domains/{id}":      {http.MethodGet: configuration(getDomain), http.MethodDelete: configuration(deleteDomain)},
}

var errConfiguration = refuse(http.StatusForbidden, "The Configuration API is off. Set ServiceConfig.ConfigurationAPI, or start authrocket dev with -configuration-api.")

// configuration returns an endpoint that works only if the Configuration API is on.
func configuration(do coreEndpoint) coreEndpoint {
	return func(c *coreCall) (coreAnswer, error) {
		if !c.service.config.ConfigurationAPI {
			return coreAnswer{}, errConfiguration
		}
		return do(c)
	}
}

// hostedRealm returns the realm to which the request applies.
func (c *coreCall) hostedRealm() (*hostedRealm, error) { return c.service.hosted(c.realm.ID()) }

func newConfigurationID(prefix string) string { return prefix + rand.Text()[:22] }
