import requests
import os
data = requests.post(
"https://api.sfox.com/v1/enterprise/user-tokens",
headers={
"Authorization": f"Bearer {os.environ['ENTERPRISE_API_KEY']}",
},
json={
"data": ["156c5beb-7c9f-4f68-83c0-9479703ac490", "236f5cdc-7h82-6fh3-h37s-9382840de46575"]
}
)
print(data.status_code)
print(data.json())
