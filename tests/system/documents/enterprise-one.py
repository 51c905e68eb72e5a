import requests
import os
userId = "156c5beb-7c9f-4f68-83c0-9479703ac490"
data = requests.post(
f"https://api.sfox.com/v1/enterprise/user-tokens/{userId}",
headers={
"Authorization": f"Bearer {os.environ['ENTERPRISE_API_KEY']}"
}
)
print(data.status_code)
print(data.json())
