const response = await fetch('https://api.spaceinvoices.com/v1/Accounts/{id}/accessTokens', {
method: 'GET',
headers: {
'Authorization': 'ACCESS_TOKEN',
'content-type': 'application/json'
}
});
