export userId="156c5beb-7c9f-4f68-83c0-9479703ac490"
curl -X POST \
-H "Authorization: Bearer ${ENTERPRISE_API_KEY}" \
"https://api.sfox.com/v1/enterprise/user-tokens/${userId}"
