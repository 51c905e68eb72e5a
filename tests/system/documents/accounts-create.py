import requests
url = 'https://api.spaceinvoices.com/v1/Accounts/{id}/accessTokens'
headers = {
'Authorization': 'ACCESS_TOKEN',
'content-type': 'application/json',
}
params = {
'ttl': 1209600,
'scopes': ['string']
}
response = requests.post(url, json=params, headers=headers)
