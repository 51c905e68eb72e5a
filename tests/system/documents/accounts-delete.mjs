const response = await fetch('https://api.spaceinvoices.com/v1/Accounts/{id}/accessTokens/{fk}', {
method: 'DELETE',
headers: {
'Authorization': 'ACCESS_TOKEN',
'content-type': 'application/json'
}
});
