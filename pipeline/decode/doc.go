// Package decode turns the bytes of one trail object into records.
//
// The way of an object: Inflate unpacks it, Records finds the records in it and decodes each into a
// trail.Record, Rebuild is the way back. An object is taken whole or not at all; a bad record in a good object
// is rejected alone. Inflating is a quarter of a conversion's CPU with the library, so a decoder of our own does
// it, in less than half of that, for what is a plain gzip member with the right size and checksum; all else is left to the
// library, which alone says what is wrong with it. Who called, and how, is the same to the letter in many records: a Decoder
// remembers such parts of them (memo.go), and its records say by number which they have alike, so that the lake looks their
// texts up once. What a row of the events table has no place for is kept in the row's Extra.
//
// Extra is a JSON object laid over what the columns say, and empty for a record that the columns hold in full.
// The rules, applied by Rebuild in the other direction:
//
//   - A column that is not null stands for a member of its natural type: text for a string, JSON text for an
//     object or an array (requestParameters and its like), true or false for readOnly and managementEvent.
//   - A member that Extra has replaces the column's; where both are objects of the schema (userIdentity and
//     what lies in it, addendum, tlsDetails), Extra's members are laid over the column's members.
//   - So Extra holds a member that is null ("responseElements":null, in most records), "" or {}; a member of
//     another type than the column's; a resources array that ARN, accountId and type cannot tell in full; a string
//     with half of a surrogate pair, which no UTF-8 column can hold; and every member without a column.
package decode
