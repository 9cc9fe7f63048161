// A client of enrich-sim with Node's own fetch. NODE_EXTRA_CA_CERTS names its CA. Usage: client.mjs BASE; prints the e-mail that was found.
const base = process.argv[2];
const headers = {"X-API-KEY": "sim-key", "Content-Type": "application/json"};
const contact = {firstname: "Maëlle", lastname: "Abubakar", company_name: "Borealis Demo SA", enrichment_type: ["email"]};

const accepted = await fetch(`${base}/contacts/single_enrich`, {method: "POST", headers, body: JSON.stringify(contact)});
const {enrichment_id: id} = await accepted.json();
for (;;) {
    const answer = await (await fetch(`${base}/contacts/${id}`, {headers})).json();
    if (answer.status === "finished") {
        console.log(answer.first_name, answer.email, answer.email_status);
        break;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
}
