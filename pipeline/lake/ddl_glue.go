package lake

// GlueTable is a table as Glue's API and what is built on it take it: the TableInput of CreateTable (AWS Glue API reference,
// "TableInput"), for who keeps tables with infrastructure and not by DDL.
type GlueTable struct {
	Name              string            `json:"Name"`
	Description       string            `json:"Description"`
	TableType         string            `json:"TableType"`
	Parameters        map[string]string `json:"Parameters"`
	PartitionKeys     []GlueColumn      `json:"PartitionKeys"`
	StorageDescriptor GlueStorage       `json:"StorageDescriptor"`
}

// GlueColumn is a column with Hive's name of its type.
type GlueColumn struct {
	Name string `json:"Name"`
	Type string `json:"Type"`
}

// GlueStorage says where a table's symlink files are and how they are read.
type GlueStorage struct {
	Columns      []GlueColumn `json:"Columns"`
	Location     string       `json:"Location"`
	InputFormat  string       `json:"InputFormat"`
	OutputFormat string       `json:"OutputFormat"`
	SerdeInfo    GlueSerDe    `json:"SerdeInfo"`
}

// GlueSerDe names what reads the files.
type GlueSerDe struct {
	SerializationLibrary string `json:"SerializationLibrary"`
}

// Glue returns the same tables as Tables.
func (d *DDL) Glue() []GlueTable {
	var out []GlueTable
	for _, t := range Tables {
		location := d.URL("athena/" + string(t))
		g := GlueTable{Name: string(t), Description: tableRows[t].comment, TableType: "EXTERNAL_TABLE", Parameters: map[string]string{"EXTERNAL": "TRUE"}}
		for _, p := range d.properties(location) {
			g.Parameters[p.key] = p.value
		}
		for _, name := range d.partitions() {
			g.PartitionKeys = append(g.PartitionKeys, GlueColumn{name, "string"})
		}
		g.StorageDescriptor = GlueStorage{Location: location + "/", InputFormat: symlinkInput, OutputFormat: symlinkOutput, SerdeInfo: GlueSerDe{parquetSerDe}}
		for _, c := range columnsOf(tableRows[t].row) {
			g.StorageDescriptor.Columns = append(g.StorageDescriptor.Columns, GlueColumn{c.name, c.hive})
		}
		out = append(out, g)
	}
	return out
}
