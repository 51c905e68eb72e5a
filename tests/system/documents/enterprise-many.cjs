const axios = require('axios');
const payload = JSON.stringify({
"data": [
'156c5beb-7c9f-4f68-83c0-9479703ac490',
'236f5cdc-7h82-6fh3-h37s-9382840de46575'
]
})
const config = {
method: 'post',
url: 'https://api.sfox.com/v1/enterprise/user-tokens',
headers: {
'Content-Type': 'application/json',
'Authorization': `Bearer ${process.env.ENTERPRISE_API_KEY}`
},
data: data
}
axios(config)
.then(response => {
console.log(response.status)
console.log(response.data)
}).catch(err => {
console.error(err.response.status)
console.error(err.response.data)
});
