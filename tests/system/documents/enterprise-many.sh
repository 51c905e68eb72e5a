curl -X POST \
-H 'Content-Type: application/json' \
-H "Authorization: Bearer ${ENTERPRISE_API_KEY}" \
--data '{ "data": ["156c5beb-7c9f-4f68-83c0-9479703ac490", "236f5cdc-7h82-6fh3-h37s-9382840de46575"]}' \
'https://api.sfox.com/v1/enterprise/user-tokens'
