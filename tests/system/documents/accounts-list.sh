curl -X GET https://api.spaceinvoices.com/v1/Accounts/{id}/accessTokens \
-H 'Authorization: ACCESS_TOKEN' \
-H 'Content-Type: application/json'
