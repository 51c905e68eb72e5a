curl -X POST https://api.spaceinvoices.com/v1/Accounts/{id}/accessTokens \
-H 'Authorization: ACCESS_TOKEN' \
-H 'Content-Type: application/json' \
-d '{
"ttl": 1209600, \
"scopes": ["string"]
}'
