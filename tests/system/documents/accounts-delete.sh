curl -X DELETE https://api.spaceinvoices.com/v1/Accounts/{id}/accessTokens/{fk} \
-H 'Authorization: ACCESS_TOKEN' \
-H 'Content-Type: application/json'
