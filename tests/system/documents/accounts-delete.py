import requests
url = 'https://api.spaceinvoices.com/v1/Accounts/{id}/accessTokens/{fk}'
headers = {
'Authorization': 'ACCESS_TOKEN',
'content-type': 'application/json',
}
response = requests.delete(url, params={}, headers=headers)
