// SPDX-License-Identifier: Apache-2.0
// Holds documents against the official schemas: CycloneDX with the strict validator of CycloneDX's own library, SARIF with the schema
// that Microsoft publishes.
//     node validate.mjs FILE...        *.1.6.cdx.json, *.1.7.cdx.json, *.sarif
// Prints one line for each document; exits with 1 when one is not valid.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

import { Spec, Validation } from '@cyclonedx/cyclonedx-library'
import Ajv from 'ajv'
import addFormats from 'ajv-formats'

const require = createRequire(import.meta.url)

function sarifValidator () {
  const schema = JSON.parse(readFileSync(require.resolve('@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json'), 'utf8'))
  // Written for draft 4, of which it uses nothing that later drafts changed but the name of `id`.
  delete schema.$schema
  delete schema.id
  const ajv = new Ajv({ allErrors: true, strict: false, unicodeRegExp: false })
  addFormats(ajv)
  return ajv.compile(schema)
}

const isSarif = sarifValidator()

async function faultOf (file) {
  const text = readFileSync(file, 'utf8')
  if (file.endsWith('.sarif')) {
    return isSarif(JSON.parse(text)) ? null : isSarif.errors
  }
  const version = /\.(\d\.\d)\.cdx\.json$/.exec(file)[1]
  if (JSON.parse(text).specVersion !== version) return 'another version than the name says'
  return await new Validation.JsonStrictValidator(version === '1.7' ? Spec.Version.v1dot7 : Spec.Version.v1dot6).validate(text)
}

let invalid = 0
for (const file of process.argv.slice(2)) {
  const fault = await faultOf(file)
  console.log(`${fault === null ? 'valid' : 'INVALID'} ${file}`)
  if (fault !== null) {
    invalid += 1
    console.log(JSON.stringify(fault, null, 1).slice(0, 4000))
  }
}
process.exitCode = invalid === 0 ? 0 : 1
