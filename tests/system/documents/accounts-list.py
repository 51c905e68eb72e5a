import requests
url = 'https://api.spaceinvoices.com/v1/Accounts/{id}/accessTokens'
headers = {
'Authorization': 'ACCESS_TOKEN',
'content-type': 'application/json',
}
response = requests.get(url, params={}, headers=headers)
