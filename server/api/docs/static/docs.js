// Starts Swagger UI on our own description. A file of its own, because the page allows no inline script.
"use strict";

const place = document.getElementById("swagger-ui");

SwaggerUIBundle({
  domNode: place,
  url: place.dataset.url,
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  deepLinking: true,
  validatorUrl: null, // the public validator would be told our addresses
  docExpansion: "none",
});
