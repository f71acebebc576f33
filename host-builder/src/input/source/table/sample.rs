//! The first rows of a table, taken apart in one way: how wide it is, and where its names stand.

use std::collections::BTreeMap;

use super::row::{Form, Row};
use super::rows::Table;
use crate::input::source::column::{Column, Wanted, places_of};
use crate::input::source::error::SourceError;
use crate::input::source::input::Input;
use crate::input::survey::shape::shapes_of;

/// Rows that are looked at.
pub(super) const NUM_ROWS: usize = 10_000;
/// Of the first rows, so many may be the row of names; what stands above it is a title.
const NUM_TITLES: usize = 10;
/// Names of columns that a message has, and characters of each.
const NUM_NAMED: usize = 30;
const NAME_CHARS: usize = 40;
/// Columns whose shapes a message has.
const NUM_SHAPED: usize = 8;
/// A cell with so many digits is no name of a column.
pub(in crate::input::source) const MIN_DIGITS: usize = 7;
/// Usual names of columns, and the words of which they are made.
const NAMES: &str = " id uid guid uuid user users username name names first last given family middle full \
    surname firstname lastname fullname email emails mail mails address addresses addr phone phones mobile tel \
    telephone cell msisdn fax number no nr num pass password passwords passwd pwd pw hash salt login nick \
    nickname handle account acct date time birth birthday birthdate dob year age gender sex city town country \
    state region zip postal code postcode street ip url website created updated modified registered at on of \
    status type role group company employer job title count total value key index row sha1 md5 ntlm digest \
    member customer client note notes comment comments source breach \
    vorname nachname benutzer benutzername kennwort passwort telefon telefonnummer handy handynummer mobil \
    mobilnummer nummer ort stadt land straße strasse plz geburtsdatum geburtstag geschlecht kunde kundennummer \
    adresse anschrift nom prenom prénom utilisateur identifiant mot de passe courriel téléphone numero numéro \
    ville pays sexe nombre apellido apellidos usuario contraseña clave correo telefono teléfono móvil movil \
    celular ciudad pais país direccion dirección fecha nome sobrenome senha usuário telefone cidade endereço \
    cognome utente indirizzo città cellulare naam voornaam achternaam wachtwoord gebruiker gebruikersnaam \
    telefoon adres imię imie nazwisko hasło haslo miasto ad soyad kullanıcı şifre sifre telefonu adı soyadı \
    nama surel kata sandi telepon hp alamat kota họ tên mật khẩu имя фамилия логин пароль почта телефон город \
    адрес пользователь номер 手机 手机号 手机号码 电话 电话号码 姓名 名字 邮箱 电子邮箱 密码 用户 用户名 昵称 身份证 \
    身份证号 身份证号码 地址 城市 生日 性别 编号 手機 電話 信箱 密碼 名前 氏名 電話番号 メール メールアドレス パスワード 住所 이름 \
    전화번호 이메일 비밀번호 주소 ";

/// The first rows, taken apart in one way.
pub(super) struct Sample<'a> {
    form: Form,
    text: &'a [u8],
    /// Where each row begins, and what it is.
    pub(super) rows: Vec<(usize, Row)>,
    /// Cells of a row, as most have it.
    pub(super) width: usize,
    /// Rows with so many cells.
    pub(super) num_alike: usize,
}

impl<'a> Sample<'a> {
    pub(super) fn new(form: Form, text: &'a [u8]) -> Self {
        let mut rows = Vec::new();
        let mut unquoted = Vec::new();
        let mut widths = BTreeMap::<usize, usize>::new();
        let mut at = 0;
        while at < text.len() && rows.len() < NUM_ROWS {
            let row = form.row(&text[at..], None, &mut unquoted, |_, _| ());
            if row.num_cells > 0 {
                rows.push((at, row));
                *widths.entry(row.num_cells).or_default() += 1;
            }
            at += row.num_bytes;
        }
        let has_rest = form.has_rest;
        let first = rows.first().map_or(0, |(_, row)| row.num_cells);
        let usual = widths
            .iter()
            .max_by_key(|(width, count)| (**count, **width == first && first > 1, **width));
        let mut width = usual.map_or(0, |(width, _)| *width);
        if has_rest && width > 1 {
            // The last cell may have the delimiter within, so most rows may have more cells.
            let is_frequent =
                |(width, count): &(&usize, &usize)| **width > 1 && **count * 5 >= rows.len();
            width = widths
                .iter()
                .find(is_frequent)
                .map_or(width, |(width, _)| *width);
        }
        Self {
            form,
            text,
            width,
            num_alike: widths.get(&width).copied().unwrap_or(0),
            rows,
        }
    }

    pub(super) fn table(&self, place: usize, wanted: Wanted<'_>) -> Table {
        Table {
            form: self.form,
            width: self.width,
            place,
            kind: wanted.kind,
        }
    }

    fn cells(&self, row: usize) -> Vec<Vec<u8>> {
        let mut cells = Vec::new();
        if let Some((start, _)) = self.rows.get(row) {
            let mut unquoted = Vec::new();
            self.form
                .row(&self.text[*start..], None, &mut unquoted, |_, cell| {
                    cells.push(cell.text.trim_ascii().to_vec());
                });
        }
        cells
    }

    /// The row of names: the first that has this one. What stands above is a title, and no row:
    /// those have as many cells. (A name may be a password in a later row.)
    pub(super) fn names(&self, name: &str) -> Option<usize> {
        let rows = 0..self.rows.len().min(NUM_TITLES);
        let row = rows.clone().find(|row| {
            let cells = self.cells(*row);
            let names: Vec<_> = cells
                .iter()
                .map(|cell| String::from_utf8_lossy(cell))
                .collect();
            !places_of(name, &names).is_empty()
        })?;
        let is_row = |above: usize| {
            let cells = self.cells(above);
            let num_full = cells.iter().filter(|cell| !cell.is_empty()).count();
            cells.len() == self.width && num_full * 2 > self.width
        };
        (!(0..row).any(is_row) && !self.cells(row).iter().any(|cell| is_data(cell))).then_some(row)
    }

    /// The place of the column, and where the data begin.
    pub(super) fn find(
        &self,
        input: &Input,
        column: &Column,
    ) -> Result<(usize, usize), SourceError> {
        let missing = |row: usize| SourceError::NoSuchColumn {
            input: input.clone(),
            wanted: column.clone(),
            num_columns: self.width,
            columns: self.describe(row),
        };
        let name = match column {
            Column::Index(index) if *index < self.width => return Ok((*index, 0)),
            Column::Index(_) => return Err(missing(0)),
            Column::Name(name) => name,
        };
        // Else the first that is as wide as the table.
        let is_wide = |(_, row): &(usize, Row)| row.num_cells == self.width;
        let first = self.rows.iter().take(NUM_TITLES).position(is_wide);
        let first = first.unwrap_or(0);
        let found = self.names(name);
        let row = found.unwrap_or(first);
        let cells = self.cells(row);
        let names: Option<Vec<String>> = cells
            .into_iter()
            .map(|cell| String::from_utf8(cell).ok())
            .collect();
        let Some(names) = names else {
            return Err(SourceError::NotUtf8 {
                input: input.clone(),
            });
        };
        if found.is_none() {
            return Err(missing(first));
        }
        let place = match places_of(name, &names)[..] {
            [] => return Err(missing(row)),
            [place] => place,
            ref places => {
                return Err(SourceError::DuplicateColumn {
                    input: input.clone(),
                    name: name.trim().to_owned(),
                    numbers: places.iter().map(|place| place + 1).collect(),
                });
            }
        };
        if !self.fits(&names) {
            return Err(SourceError::NamesDoNotFit {
                input: input.clone(),
                num_names: names.len(),
                num_cells: self.width,
            });
        }
        let data = self
            .rows
            .get(row)
            .map_or(0, |(start, row)| start + row.num_bytes);
        Ok((place, data))
    }

    /// Do names stand over the columns? One of the two may have a delimiter at its end.
    fn fits(&self, names: &[String]) -> bool {
        let is_last_empty = |row: usize| self.cells(row).last().is_some_and(Vec::is_empty);
        let num_rows = self.rows.len().min(NUM_TITLES * NUM_TITLES);
        let wide = (0..num_rows).filter(|row| self.rows[*row].1.num_cells == self.width);
        names.len() == self.width
            || (names.len() == self.width + 1 && names.last().is_some_and(String::is_empty))
            || (names.len() + 1 == self.width && wide.clone().all(is_last_empty))
    }

    /// The names of the columns, if this row is surely one of names; else their shapes, because
    /// cells of data are identifiers.
    fn describe(&self, row: usize) -> String {
        let cells = self.cells(row);
        let names: Vec<String> = cells
            .iter()
            .map(|cell| String::from_utf8_lossy(cell).into_owned())
            .collect();
        let num_names = names.iter().filter(|name| !name.is_empty()).count();
        let num_usual = names.iter().filter(|name| is_usual_name(name)).count();
        let is_header = num_usual > 0
            && (num_usual == num_names || (num_usual > 1 && num_usual * 2 >= num_names))
            && !cells.iter().any(|cell| is_data(cell));
        if !is_header {
            return self.shapes();
        }
        let mut printed: Vec<String> = names
            .iter()
            .take(NUM_NAMED)
            .map(|name| format!("{:?}", name.chars().take(NAME_CHARS).collect::<String>()))
            .collect();
        if names.len() > NUM_NAMED {
            printed.push("...".to_owned());
        }
        format!(": {}", printed.join(", "))
    }

    /// What the cells of each column look like, in those of which many are alike.
    fn shapes(&self) -> String {
        let num_rows = self.rows.len().min(NUM_TITLES * NUM_TITLES);
        let rows: Vec<Vec<Vec<u8>>> = (0..num_rows).map(|row| self.cells(row)).collect();
        let mut text = String::new();
        for column in 0..self.width.min(NUM_SHAPED) {
            let cells = rows
                .iter()
                .filter_map(|row| Some(row.get(column)?.as_slice()));
            let shapes = shapes_of(cells);
            if !shapes.is_empty() {
                let start = if text.is_empty() {
                    " (their shapes: "
                } else {
                    "; "
                };
                text.push_str(&format!("{start}{}: {shapes}", column + 1));
            }
        }
        if !text.is_empty() {
            text.push(')');
        }
        text
    }
}

/// Is this an identifier, and no name of a column?
fn is_data(cell: &[u8]) -> bool {
    cell.contains(&b'@') || cell.iter().filter(|byte| byte.is_ascii_digit()).count() >= MIN_DIGITS
}

/// `E-Mail`, `userName`, `phone_1`: nothing but words that columns are named by.
pub(in crate::input::source) fn is_usual_name(cell: &str) -> bool {
    let mut words = String::new();
    let mut is_small = false;
    for c in cell.chars() {
        // userName
        if is_small && c.is_uppercase() {
            words.push(' ');
        }
        is_small = c.is_lowercase();
        words.extend(
            c.to_lowercase()
                .map(|c| if c.is_alphanumeric() { c } else { ' ' }),
        );
    }
    let is_known = |word: &str| {
        let bare = word.trim_end_matches(|c: char| c.is_ascii_digit());
        [word, bare]
            .iter()
            .any(|word| NAMES.contains(&format!(" {word} ")) || *word == "e")
    };
    words.split_whitespace().next().is_some() && words.split_whitespace().all(is_known)
}
